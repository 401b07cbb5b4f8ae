// Programs that cannot be carried out, and how each is told.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { connectionTo, type PackageFile } from "../../fleet/fleet.js";
import { makeKeyPair } from "../../ssh-keys.js";
import type { Declared, DeclaredHost } from "../programs/declared-fleet.js";
import type { ExpectedMessage } from "./messages.js";
import { hostArgs, type Story, vgpuRow } from "./story.js";

const gpu = "0000:41:00.0";
const uuid = "0a0b0c0d-0000-4000-8000-000000000001";
/** Name of the host in these programs. */
export const host = "kvm1";

/** A program that cannot be carried out, and the message by which it is refused. */
interface BadInput {
  readonly wrong: string;
  readonly declared: (story: Story) => Declared;
  readonly message: ExpectedMessage;
}

function hosts(story: Story, more: Partial<DeclaredHost> = {}): Record<string, DeclaredHost> {
  return { [host]: { ...hostArgs(story, host, gpu), ...more } };
}

function driver(story: Story, release: string, file: PackageFile = story.packages.manager) {
  return { release, package: file };
}

/** What the program itself shows to be wrong. */
export const seenInTheProgram: readonly BadInput[] = [
  {
    wrong: "a release that is none",
    declared: (story) => ({ hosts: hosts(story, { driver: driver(story, "550.127.06") }) }),
    message: {
      code: "VGPU_UNKNOWN_RELEASE",
      says: [host, '"550.127.06" is no vGPU software release', "is a driver version", '"17.4"'],
    },
  },
  {
    wrong: "a type name that cannot be one",
    declared: (story) => ({ hosts: hosts(story), vgpus: { desk: { host, gpu, type: "nvidia-562" } } }),
    message: { code: "VGPU_UNKNOWN_TYPE", says: ["desk", '"nvidia-562"', "changes between driver releases"] },
  },
  {
    wrong: "sizes that do not fit together",
    declared: (story) => ({
      hosts: hosts(story),
      vgpus: { large: { host, gpu, type: "A40-8Q" }, small: { host, gpu, type: "A40-4Q" } },
    }),
    message: { code: "VGPU_SIZE_CONFLICT", says: [`${host} ${gpu}`, "large (A40-8Q)", "small (A40-4Q)"] },
  },
  {
    wrong: "more than the GPU holds",
    declared: (story) => ({ hosts: hosts(story), vgpus: vgpuRow("desk", 7, { host, gpu, type: "A40-8Q" }) }),
    message: { code: "VGPU_CAPACITY", says: [`${host} ${gpu}`, "7 vGPUs", "desk-7 (A40-8Q)", "at most 6"] },
  },
  {
    wrong: "two resources that claim one vGPU",
    declared: (story) => ({
      hosts: hosts(story),
      vgpus: { one: { host, gpu, type: "A40-8Q", uuid }, two: { host, gpu, type: "A40-8Q", uuid } },
    }),
    message: { code: "VGPU_CLAIM_CONFLICT", says: [`${host} ${uuid}`, "one, two"] },
  },
  {
    wrong: "two resources that claim one host by one address",
    declared: (story) => ({ hosts: { ...hosts(story), other: hostArgs(story, host, gpu) } }),
    message: { code: "VGPU_CLAIM_CONFLICT", says: [/127\.0\.0\.1:\d+/, "kvm1, other"] },
  },
];

/** What is seen on this machine or on the host. */
export const seenOutside: readonly BadInput[] = [
  {
    wrong: "a package of the other side",
    declared: (story) => ({ hosts: hosts(story, { driver: driver(story, "17.4", story.packages.guest) }) }),
    message: {
      code: "VGPU_PACKAGE_MISMATCH",
      says: [host, "Linux guest driver", "NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run"],
    },
  },
  {
    wrong: "a package whose hash differs",
    declared: (story) => {
      const wrong = { ...story.packages.manager, sha256: "0".repeat(64) };
      return { hosts: hosts(story, { driver: driver(story, "17.4", wrong) }) };
    },
    message: { code: "VGPU_PACKAGE_MISMATCH", says: [host, "sha256 0000000000", "vgpu-kvm.run"] },
  },
  {
    wrong: "a package that is not there",
    declared: (story) => {
      const missing = { ...story.packages.manager, path: "./NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run" };
      return { hosts: hosts(story, { driver: driver(story, "17.4", missing) }) };
    },
    message: { code: "VGPU_PACKAGE_MISMATCH", says: [host, "cannot be read", "ENOENT"] },
  },
  {
    wrong: "two resources that claim one host by two names",
    declared: (story) => {
      const args = hostArgs(story, host, gpu);
      const other = { ...args, connection: { ...args.connection, host: "localhost" } };
      return { hosts: { kvm1: args, other } };
    },
    message: { code: "VGPU_CLAIM_CONFLICT", says: ["kvm1, other", "machine-id"] },
  },
  {
    wrong: "a type that contradicts the board",
    declared: (story) => ({ hosts: hosts(story), vgpus: { desk: { host, gpu, type: "L40S-8Q" } } }),
    message: { code: "VGPU_UNKNOWN_TYPE", says: [host, "L40S-8Q", "A40"] },
  },
  {
    wrong: "an address where no GPU is",
    declared: (story) => ({ hosts: hosts(story, { gpus: { "0000:99:00.0": {} } }) }),
    message: { code: "VGPU_NO_SUCH_GPU", says: [host, "0000:99:00.0", gpu] },
  },
  {
    wrong: "a reboot that is not allowed",
    declared: (story) => ({ hosts: hosts(story, { reboot: { allow: false } }) }),
    message: { code: "VGPU_REBOOT_NEEDED", says: [host, "2 reboots", "reboot: { allow: true }"] },
  },
  {
    wrong: "a host that does not answer",
    declared: (story) => {
      const { connection } = hostArgs(story, host, gpu);
      return { hosts: hosts(story, { connection: { ...connection, port: 1 } }) };
    },
    message: { code: "VGPU_UNREACHABLE", says: ["ECONNREFUSED", `--exclude '**VgpuHost::${host}'`] },
  },
  {
    wrong: "another host key than the machine's",
    declared: (story) => {
      const { connection } = hostArgs(story, host, gpu);
      const hostKey = story.machine("plain").address.hostKey;
      return { hosts: hosts(story, { connection: { ...connection, hostKey } }) };
    },
    message: {
      code: "VGPU_HOST_KEY",
      says: [/Saw: ssh-ed25519 SHA256:\S+.*Expected: ssh-ed25519 SHA256:\S+/],
    },
  },
  {
    wrong: "credentials that the machine refuses",
    declared: (story) => {
      const privateKeyPath = path.join(story.folder, "wrong.key");
      writeFileSync(privateKeyPath, makeKeyPair().private, { mode: 0o600 });
      const { connection } = hostArgs(story, host, gpu);
      return { hosts: hosts(story, { connection: { ...connection, privateKeyPath } }) };
    },
    message: { code: "VGPU_LOGIN", says: ["cannot log in as root", "wrong.key", "authorized_keys"] },
  },
  {
    wrong: "a user without sudo",
    declared: (story) => {
      const connection = connectionTo(story.machine("plain"), story.folder, "admin");
      return { hosts: { plain: { connection } } };
    },
    message: { code: "VGPU_NO_SUDO", says: ["admin may not become root", "/etc/sudoers.d"] },
  },
];

/** Everything of `seenInTheProgram` at once, on hosts that nobody reaches. */
export function everythingWrong(story: Story): Declared {
  const args = hostArgs(story, host, gpu);
  const at = (port: number, more: Partial<DeclaredHost> = {}) => ({
    ...args,
    connection: { ...args.connection, port },
    ...more,
  });
  const vgpu = { gpu, type: "A40-8Q" };
  return {
    hosts: {
      kvm1: args,
      other: args,
      release: at(1, { driver: driver(story, "550.127.06") }),
      full: at(2),
      shared: at(3),
    },
    vgpus: {
      desk: { host, gpu, type: "nvidia-562" },
      large: { host, gpu, type: "A40-8Q" },
      small: { host, gpu, type: "A40-4Q" },
      ...vgpuRow("seat", 7, { ...vgpu, host: "full" }),
      one: { ...vgpu, host: "shared", uuid },
      two: { ...vgpu, host: "shared", uuid },
    },
  };
}

/** The compiler finds it in most programs, but not in JavaScript. */
export const misspelt: BadInput = {
  wrong: "a property of a wrong name",
  declared: (story) => ({ hosts: hosts(story, { nodriver: true } as Partial<DeclaredHost>) }),
  message: { code: "VGPU_INPUT", says: [host, "no property of that name", "nodriver"] },
};

/** What JavaScript and untyped configuration let through. */
export const wrongKinds: readonly BadInput[] = [
  {
    wrong: "a resource without arguments",
    declared: () => ({ raw: { bare: { kind: "VgpuHost" } } }),
    message: { code: "VGPU_INPUT", says: ["bare: its arguments are not valid", "Saw: nothing"] },
  },
  {
    wrong: "a vGPU without a host",
    declared: () => ({ raw: { desk: { kind: "MdevDevice", args: { gpu, type: "A40-8Q" } } } }),
    message: {
      code: "VGPU_INPUT",
      says: ["desk: host is not valid", "the VgpuHost itself", "Property: host"],
    },
  },
  {
    wrong: "a host by its name",
    declared: () => ({ raw: { desk: { kind: "MdevDevice", args: { host, gpu, type: "A40-8Q" } } } }),
    message: { code: "VGPU_INPUT", says: ["desk: host is not valid", "Saw: a text"] },
  },
  {
    wrong: "a guest without its connection",
    declared: () => ({ raw: { guest: { kind: "GuestDriverInstall", args: {} } } }),
    message: { code: "VGPU_INPUT", says: ["guest: guest is not valid", "an object with the connection"] },
  },
  {
    wrong: "a whole connection as a text",
    declared: () => ({ raw: { kvm1: { kind: "VgpuHost", args: { connection: "root:hunter2@kvm1" } } } }),
    message: { code: "VGPU_INPUT", says: ["connection is not valid", "Saw: a text", "Expected: an object"] },
  },
  {
    wrong: "a type that is a number",
    declared: (story) => ({ hosts: hosts(story), vgpus: { desk: { host, gpu, type: 12 as never } } }),
    message: { code: "VGPU_INPUT", says: ["desk: type is not valid", "Saw: 12", "Expected: a text"] },
  },
  {
    wrong: "a GPU that is null",
    declared: (story) => ({
      hosts: hosts(story),
      vgpus: { desk: { host, gpu: null as never, type: "A40-8Q" } },
    }),
    message: { code: "VGPU_INPUT", says: ["desk: gpu is not valid", "Expected: a text"] },
  },
  {
    wrong: "a name of two lines",
    declared: (story) => ({ hosts: hosts(story), vgpus: { "desk\tretire": { host, gpu, type: "A40-8Q" } } }),
    message: { code: "VGPU_INPUT", says: ["desk\\tretire", "a text of one line"] },
  },
];
