import { runInNewContext } from "node:vm";
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";
import { errorText } from "../../../provider/model/errors.js";
import { GuestDriverInstall } from "../../../sdk/guest-driver-install.js";
import { MdevDevice } from "../../../sdk/mdev-device.js";
import { VgpuHost } from "../../../sdk/vgpu-host.js";
import { type MockedRun, startRun } from "./mocked-run.js";

const connection = { host: "kvm1.lab" };
class HiddenGpus {
  get "0000:3b:00.0"() {
    return {};
  }
}
const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;
let run: MockedRun;

beforeEach(async () => {
  run = await startRun();
});

/** What JavaScript would let a program give. */
const host = (args: unknown) => new VgpuHost("w-one", args as never);
const vgpu = (args: unknown) => new MdevDevice("w-one", args as never);
const guest = (args: unknown) => new GuestDriverInstall("w-one", args as never);

describe("arguments that cannot be", () => {
  it.each<[string, () => unknown, string]>([
    ["none", () => host(undefined), "its arguments are not valid | Saw: nothing | Expected: an object"],
    ["null", () => vgpu(null), "its arguments are not valid | Saw: null | Expected: an object"],
    ["a text", () => guest("x"), "its arguments are not valid | Saw: a text | Expected: an object"],
    ["a list", () => host([]), "its arguments are not valid | Saw: a list | Expected: an object"],
    [
      "an output",
      () => host(pulumi.output({ connection })),
      "its arguments are not valid | Saw: an output or a promise | Expected: an object",
    ],
    [
      "no host",
      () => vgpu({ gpu: "0000:3b:00.0", type: "A40-8Q" }),
      "host is not valid | Saw: nothing | Expected: the VgpuHost that carries it",
    ],
    [
      "a host by its name",
      () => vgpu({ host: "kvm1" }),
      "host is not valid | Saw: a text | Expected: the VgpuHost that carries it",
    ],
    [
      "another resource as host",
      () => vgpu({ host: new pulumi.ComponentResource("k:index:Team", "team") }),
      "host is not valid | Saw: an object | Expected: the VgpuHost that carries it",
    ],
    [
      "no guest",
      () => guest({ connection }),
      "guest is not valid | Saw: nothing | Expected: an object with the connection to the guest",
    ],
    [
      "a device by its UUID",
      () => guest({ guest: { connection }, device: "11111111-2222-4333-8444-555555555555" }),
      "device is not valid | Saw: a text | Expected: the MdevDevice that the guest's VM has, or nothing",
    ],
    [
      "a Map of GPUs, which would be sent as none",
      () => host({ connection, gpus: new Map([["0000:3b:00.0", {}]]) }),
      "gpus is not valid | Saw: a value of the kind Map | Expected: a text, a number, or a list or object of these",
    ],
    [
      "an iterator of GPUs, which would be sent as none",
      () => host({ connection, gpus: new Map([["0000:3b:00.0", {}]]).entries() }),
      "gpus is not valid | Saw: a value of the kind Map Iterator | Expected: a text, a number, or a list or object of these",
    ],
    [
      "an object that keeps its GPUs to itself",
      () => host({ connection, gpus: new HiddenGpus() }),
      "gpus is not valid | Saw: an object without properties of its own | Expected: a text, a number, or a list or object of these",
    ],
    [
      "a function",
      () => host({ connection: { host: () => "kvm1" } }),
      "connection.host is not valid | Saw: a function | Expected: a text, a number, or a list or object of these",
    ],
    [
      "a number that is none",
      () => host({ connection: { host: "kvm1", port: Number.NaN } }),
      "connection.port is not valid | Saw: NaN | Expected: a text, a number, or a list or object of these",
    ],
    [
      "an object in itself",
      () => host({ connection: cyclic }),
      "connection.self is not valid | Saw: an object in itself, or one without an end | Expected: a text, a number, or a list or object of these",
    ],
  ])("are handed down as one refusal, and nothing of them: %s", async (_title, construct, expected) => {
    construct();
    const { declared, name, connection: sent } = await run.registered("w-one");
    const texts = (declared?.wrong ?? []).map(({ parts }) => errorText(parts));
    expect(texts).toHaveLength(1);
    const [what, saw, wanted] = texts[0]?.split("\n") ?? [];
    expect(`${what} | ${saw} | ${wanted}`).toBe(`VGPU_INPUT w-one: ${expected}`);
    expect([name, sent]).toEqual(["w-one", undefined]);
  });

  it.each([undefined, "", 12])("end the program where there is no name: %j", (name) => {
    expect(() => new VgpuHost(name as never, { connection })).toThrow(pulumi.RunError);
    expect(() => new VgpuHost(name as never, { connection })).toThrow(
      /^VGPU_INPUT VgpuHost: a resource has no name/,
    );
  });
});

describe("values of a wrong kind", () => {
  it.each<[string, object]>([
    ["a connection that is a text", { connection: "root@kvm1" }],
    ["a connection that is null", { connection: null }],
    ["a bastion that is a text", { connection: { host: "kvm1", proxy: "root@bastion" } }],
    ["a driver that is a text", { connection, driver: "17.4" }],
    ["a release that is a number", { connection, driver: { release: 17.4 } }],
    ["GPUs in a list", { connection, gpus: ["0000:3b:00.0"] }],
  ])("are handed down as they are: the check tells them: %s", async (_title, args) => {
    host(args);
    const sent = await run.registered("w-one");
    const plain = JSON.parse(JSON.stringify(sent), (_key, part) => part?.value ?? part);
    expect(plain).toMatchObject(args);
  });

  it("are no objects of another realm, without properties or with them", async () => {
    host({ connection, gpus: runInNewContext("({})"), reboot: runInNewContext("({ allow: true })") });
    const { declared, reboot } = await run.registered("w-one");
    expect([declared?.wrong ?? [], reboot]).toEqual([[], { allow: true }]);
  });

  it("are no objects without a prototype, as Object.groupBy returns one", async () => {
    const bare = (parts: object) => Object.assign(Object.create(null), parts);
    const gpus = bare({ "0000:3b:00.0": bare({ usage: "vgpu" }) });
    host(bare({ connection: bare(connection), gpus, reboot: bare({ allow: true }) }));
    guest(bare({ guest: bare({ connection }), reboot: bare({ allow: true }) }));
    const sent = await run.registered("w-one");
    expect([sent.declared?.wrong ?? [], sent.reboot]).toEqual([[], { allow: true }]);
  });

  it.each([
    ["a text", "root:hunter2@kvm1", "hunter2"],
    ["a list", ["root:hunter2@kvm1"], ["hunter2"]],
  ])(
    "are marked as secret where they may be one: a whole connection, bastion or license as %s",
    async (_kind, whole, token) => {
      guest({ guest: { connection: whole }, license: token });
      const sent = JSON.stringify(await run.registered("w-one"), (_key, part) =>
        part !== null && typeof part === "object" && "4dabf18193072939515e22adb298388d" in part
          ? "[secret]"
          : part,
      );
      expect(sent).not.toContain("hunter2");
    },
  );
});
