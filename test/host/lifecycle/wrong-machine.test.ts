import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { guestDriverInstall, mdevDevice, vgpuHost } from "../../../provider/index.js";
import { driveDestroy, drivePreview, driveUnchecked, driveUp, loadState } from "../../fleet/drive.js";
import { type DeclaredResource, fleetProgram } from "../../fleet/program.js";
import { runDestroy, runUp } from "../../fleet/run.js";
import { type Bed, guestName, type HostBed, hostName, openBed, uuidOf, vgpusOf } from "./bed.js";
import { endStateOf } from "./end-state.js";
import { changesSince, expectUntouched, noteOf } from "./untouched.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

/** A guest's program whose connection leads to this host, by another spelling of its address or another port. */
function guestAt(host: HostBed, port?: number) {
  const known = host.part.config.hosts[hostName]?.connection;
  const connection = { ...known, host: "localhost", port: port ?? known?.port };
  const guests = { [guestName]: { connection, vgpu: "none" } };
  return fleetProgram({
    packages: bed.packages,
    config: { hosts: {}, guests } as unknown as HostBed["part"]["config"],
  });
}

async function changed(host: HostBed, since: number): Promise<string[]> {
  const commands = (await host.machine.commands()).slice(since);
  return commands.map(({ name }) => name).filter((name) => !/(^|:)(observe-guest|hold-lock)$/.test(name));
}

/** A second way to the machine's sshd, on a port of its own. */
async function secondPort(host: HostBed): Promise<Server> {
  const server = createServer((socket) => {
    const onward = connect(host.machine.address.port, "127.0.0.1");
    for (const end of [socket, onward]) end.on("error", () => {});
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** Preview and `up` say the same, and nothing is touched. */
async function expectRefused(host: HostBed, beginning: string, port?: number): Promise<void> {
  const before = await host.machine.digest();
  const since = (await host.machine.commands()).length;
  const program = guestAt(host, port);
  const statePath = `${host.statePath}.guest`;
  const reasons = (await drivePreview(program, statePath))[guestName]?.failures.map(({ reason }) => reason);
  expect(reasons).toEqual([expect.stringContaining(beginning)]);
  expect((await driveUnchecked(program))[guestName]).toContain(beginning);
  expect(await host.machine.digest()).toEqual(before);
  expect(await changed(host, since)).toEqual([]);
  expect(loadState(statePath)).toEqual({});
}

describe("a GuestDriverInstall whose connection leads to a vGPU host", () => {
  it("is refused in preview and in up, whoever manages the host, and touches nothing", async () => {
    const host = await bed.host("kvm", "turingLegacy");
    await driveUp(host.program(vgpusOf("T4-4Q", 1)), host.statePath);
    await expectRefused(host, "VGPU_CLAIM_CONFLICT");
    const server = await secondPort(host);
    await expectRefused(host, "VGPU_CLAIM_CONFLICT", (server.address() as AddressInfo).port);
    server.close();
    await driveDestroy(host.statePath);
  });

  it.each([
    ["has a vGPU manager", "manager", "/usr/bin/nvidia-vgpu-mgr", "this machine is a vGPU host, not a guest"],
    ["can run VMs and is none", "qemu", "/usr/bin/qemu-kvm", "this machine runs VMs and is none itself"],
  ])("is refused on a machine that nobody manages and that %s", async (_title, name, program, what) => {
    const host = await bed.host(name, "turingLegacy");
    await host.machine.writeFile(program, "#!/bin/sh\n", 0o755);
    await expectRefused(host, `VGPU_PREREQUISITE ${guestName}: ${what}`);
  });
});

describe("a GuestDriverInstall whose connection leads to a VM with a passed-through GPU", () => {
  it("is a guest, whatever programs for VMs are in it", async () => {
    const vm = await bed.host("passed-through", "turingLegacy", { machine: { virtual: true } });
    await vm.machine.writeFile("/usr/bin/qemu-kvm", "#!/bin/sh\n", 0o755);
    const { [guestName]: preview } = await drivePreview(guestAt(vm), `${vm.statePath}.guest`);
    expect(preview?.failures).toEqual([]);
  });
});

/** What version de728da left of a GuestDriverInstall that took a managed host: a claim beside the host's, and a state. */
async function takenBefore(host: HostBed): Promise<string> {
  const claim = "printf 'owner=fleet/test/desk\\nnouveau=loaded\\n' > /etc/pulumi-vgpu/guest";
  const made = await host.machine.shell(`rm -f /etc/pulumi-vgpu/format; ${claim}; cat /etc/machine-id`);
  const [guest] = guestAt(host);
  if (guest === undefined) throw new Error("no guest");
  const { inputs } = await guestDriverInstall.check({}, structuredClone(guest.inputs));
  const { kind } = guest;
  const statePath = `${host.statePath}.taken`;
  const stored = { kind, id: made.stdout.trim(), inputs, outputs: inputs };
  writeFileSync(statePath, JSON.stringify({ [guestName]: stored }));
  return statePath;
}

describe("a GuestDriverInstall that took a vGPU host with version de728da, once the host is set up again", () => {
  it("is deleted without touching anything of the host's, under a running VM", {
    timeout: 240_000,
  }, async () => {
    const host = await bed.host("taken", "turingLegacy");
    const program = host.program(vgpusOf("T4-4Q", 1));
    await runUp(program, host.statePath);
    const vms = join(__dirname, "vm.ts");
    await bed.simulator.invoke({ module: vms, export: "startVm" }, [host.machine], "desk-1", uuidOf("a-1"));
    const before = { ...(await endStateOf(host.machine)), boots: (await host.machine.counters()).boots };
    const statePath = await takenBefore(host);
    const since = await noteOf(host.machine);
    await runDestroy(statePath);
    expect(loadState(statePath)).toEqual({});
    expect(await changesSince(host.machine, since)).toEqual(["pulumi-vgpu:release"]);
    const after = { ...(await endStateOf(host.machine)), boots: (await host.machine.counters()).boots };
    expect(after).toEqual(before);
    expect(await runUp(program, host.statePath)).toEqual({ [hostName]: "unchanged", "a-1": "unchanged" });
  });
});

/** What the engine asks of one new resource with `--skip-preview`: its check, and its creation whatever the others say. */
async function started({ kind, inputs: declared }: DeclaredResource) {
  const lifecycle = { vgpuHost, mdevDevice, guestDriverInstall }[kind];
  const { inputs } = await lifecycle.check({}, structuredClone(declared));
  return { made: lifecycle.create(inputs).then(() => "made", textOf) };
}
const textOf = (error: Error) => error.message;

describe("one bare machine that a program declares as VgpuHost and, by another spelling, as GuestDriverInstall", () => {
  it.each(["the guest", "the host"])(
    "is refused to both before anything is changed, without a preview, when %s comes first",
    async (first) => {
      const host = await bed.host(`both-${first.split(" ")[1]}`, "turingLegacy");
      const before = await noteOf(host.machine);
      const around = (kind: "VgpuHost" | "GuestDriverInstall", resource: string) => ({
        declared: { hosts: [], vgpus: [], guests: [], others: [{ kind, resource }] },
      });
      const [guest, asHost] = [guestAt(host)[0], host.program({})[0]];
      if (guest === undefined || asHost === undefined) throw new Error("no program");
      const pair = [
        { ...guest, inputs: { ...guest.inputs, ...around("VgpuHost", hostName) } },
        { ...asHost, inputs: { ...asHost.inputs, ...around("GuestDriverInstall", guestName) } },
      ];
      const [one, other] = first === "the guest" ? pair : pair.toReversed();
      if (one === undefined || other === undefined) throw new Error("no pair");
      const begun = await started(one);
      const later = await started(other);
      const conflict = "a VgpuHost and a GuestDriverInstall are one machine";
      expect(await begun.made).toContain(conflict);
      expect(await later.made).toContain(conflict);
      await expectUntouched(host.machine, before);
    },
  );
});

describe("a bare physical machine that may be a declared host's, which the run leaves out", () => {
  it("is not made a guest", { timeout: 120_000 }, async () => {
    const host = await bed.host("left-out", "turingLegacy");
    const before = await noteOf(host.machine);
    const [guest] = guestAt(host);
    if (guest === undefined) throw new Error("no program");
    const others = [{ kind: "VgpuHost", resource: "never-checked" }];
    const declared = { hosts: [], vgpus: [], guests: [], others };
    const { made } = await started({ ...guest, inputs: { ...guest.inputs, declared } });
    expect(await made).toMatch(
      /^VGPU_PREREQUISITE desk: cannot tell whether this machine is a vGPU host of the program\nSaw: .*; not looked at in this run: VgpuHost never-checked\n/,
    );
    await expectUntouched(host.machine, before);
  });
});
