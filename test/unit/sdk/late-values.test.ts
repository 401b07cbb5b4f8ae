import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";
import type { ConnectionArgs, DriverArgs } from "../../../sdk/args.js";
import { GuestDriverInstall } from "../../../sdk/guest-driver-install.js";
import { MdevDevice } from "../../../sdk/mdev-device.js";
import { type GpuArgs, VgpuHost } from "../../../sdk/vgpu-host.js";
import { type MockedRun, namesOf, startRun } from "./mocked-run.js";

const gpu = "0000:3b:00.0";
let run: MockedRun;

beforeEach(async () => {
  run = await startRun();
});

/** Ways in which a value can come later. */
const ways: readonly (readonly [string, <T>(value: T) => pulumi.Input<T>])[] = [
  ["an output", (value) => pulumi.output(value) as pulumi.Output<typeof value>],
  ["a promise", (value) => new Promise((resolve) => setImmediate(() => setImmediate(() => resolve(value))))],
  ["a secret", (value) => pulumi.secret(value) as pulumi.Output<typeof value>],
];

describe.each(ways)("a value that comes by %s", (_way, later) => {
  it("is settled before the program is judged: GPU, type and UUID of a vGPU", async () => {
    const host = new VgpuHost("v-gpu-01", { connection: { host: "v-gpu-01.lab" }, gpus: { [gpu]: {} } });
    const uuid = "11111111-2222-4333-8444-555555555555";
    new MdevDevice("v-desk-1", { host, gpu, type: "A40-8Q" });
    new MdevDevice("v-desk-2", { host, gpu: later("3B:00.0"), type: later("A40-4Q"), uuid: later(uuid) });
    const { declared } = await run.registered("v-desk-1");
    expect(declared?.vgpus).toMatchObject([{ resource: "v-desk-1" }, { gpu, type: "A40-4Q", uuid }]);
    expect(namesOf((await run.registered("v-desk-2")).declared, "vgpus")).toEqual(["v-desk-1", "v-desk-2"]);
  });

  it("is settled in a host's connection, driver and GPUs, as a whole and in its parts", async () => {
    const driver = { release: "17.4", package: { path: "manager.run", sha256: "" } };
    const whole = {
      connection: later<ConnectionArgs>({ host: "same.lab" }),
      driver: later<DriverArgs>(driver),
      gpus: later<Record<string, GpuArgs>>({ [gpu]: {} }),
    };
    const parts = {
      connection: { host: later("same.lab"), port: later(22) },
      driver: { release: later("17.4"), package: later({ path: "manager.run", sha256: "" }) },
      gpus: { [gpu]: later<GpuArgs>({ usage: "vgpu" }) as GpuArgs },
    };
    new VgpuHost("w-whole", whole);
    new VgpuHost("w-parts", parts);
    const known = { connectionKey: "same.lab:22", release: "17.4", packageName: "manager.run" };
    const { declared } = await run.registered("w-whole");
    expect(declared?.hosts).toMatchObject([known, known]);
    expect(declared?.hosts.map(({ gpus }) => gpus)).toEqual([
      { [gpu]: { usage: "vgpu" } },
      { [gpu]: { usage: "vgpu" } },
    ]);
  });

  it("is settled in a guest's connection, and in its host's release", async () => {
    const connection = { host: "g-gpu-01.lab" };
    const host = new VgpuHost("g-gpu-01", { connection, driver: { release: later("17.4") } });
    const device = new MdevDevice("g-desk", { host, gpu, type: "A40-8Q" });
    new GuestDriverInstall("g-one", { guest: { connection: { host: later("desk.lab") } }, device });
    new GuestDriverInstall("g-other", { guest: { connection: later<ConnectionArgs>({ host: "desk.lab" }) } });
    const { declared, hostRelease } = await run.registered("g-one");
    expect(namesOf(declared, "guests")).toEqual(["g-one", "g-other"]);
    expect(declared?.guests).toContainEqual(expect.objectContaining({ hostRelease: "17.4" }));
    expect(hostRelease).toBe("17.4");
  });
});

describe("a value that a resource has to be made for", () => {
  it("holds nobody up, and joins when it is known", async () => {
    run = await startRun({ preview: false });
    const host = new VgpuHost("r-gpu-01", { connection: { host: "r-gpu-01.lab" }, gpus: { [gpu]: {} } });
    const type = host.urn.apply(() => "A40-8Q");
    new MdevDevice("r-late", { host, gpu, type });
    new MdevDevice("r-first", { host, gpu, type: "A40-8Q" });
    expect(namesOf((await run.registered("r-first")).declared, "vgpus")).toEqual(["r-first"]);
    expect(namesOf((await run.registered("r-late")).declared, "vgpus")).toEqual(["r-first", "r-late"]);
    expect(run.order).toEqual(["r-gpu-01", "r-first", "r-late"]);
  });

  it("is left out of the rules where nothing waits for it: where a machine is, and what a GPU is for", async () => {
    run = await startRun({ preview: false });
    const first = new VgpuHost("q-gpu-01", { connection: { host: "q-gpu-01.lab" } });
    const connection = { host: first.urn.apply(() => "q-gpu-02.lab") };
    const gpus = first.urn.apply((): Record<string, GpuArgs> => ({ [gpu]: {} }));
    const second = new VgpuHost("q-gpu-02", { connection, gpus });
    new MdevDevice("q-desk", { host: second, gpu, type: "A40-8Q" });
    const { declared } = await run.registered("q-desk");
    expect(declared?.hosts).toMatchObject([{ resource: "q-gpu-02", connectionKey: "", gpus: null }]);
  });
});

describe("ignoreChanges", () => {
  const host = () => new VgpuHost("i-gpu-01", { connection: { host: "i-gpu-01.lab" }, gpus: { [gpu]: {} } });

  it.each([["type"], ['["type"]'], ["gpu"], ["*"]])("leaves a vGPU with %s as it is", async (path) => {
    const on = host();
    new MdevDevice("i-desk-1", { host: on, gpu, type: "A40-8Q" });
    new MdevDevice("i-desk-2", { host: on, gpu: "0000:af:00.0", type: "A40-4Q" }, { ignoreChanges: [path] });
    const { declared } = await run.registered("i-desk-1");
    expect(declared?.vgpus).toMatchObject([
      { resource: "i-desk-1", asItIs: false },
      { resource: "i-desk-2", asItIs: true },
    ]);
  });

  it("leaves out of the rules what the engine takes from its state of a host", async () => {
    const connection = { host: "j-gpu-01.lab" };
    const args = { connection, driver: { release: "17.9" }, gpus: { [gpu]: {} } };
    new VgpuHost("j-gpu-01", args, { ignoreChanges: ["driver.release", "gpus", "connection.host"] });
    expect((await run.registered("j-gpu-01")).declared?.hosts).toEqual([
      { resource: "j-gpu-01", connectionKey: "", release: null, packageName: null, gpus: null },
    ]);
  });
});

describe("aliases", () => {
  it("hand down the names that a vGPU had: its own, in every form, and its parent's", async () => {
    const host = new VgpuHost("a-gpu-01", { connection: { host: "a-gpu-01.lab" } });
    const team = new pulumi.ComponentResource("k:index:Team", "new", {}, { aliases: [{ name: "old" }] });
    const urn = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/vgpu:MdevDevice::by-urn";
    const aliases = [{ name: "by-name" }, urn, pulumi.output({ name: "by-output" }), { stack: "test" }];
    new MdevDevice("a-desk", { host, gpu, type: "A40-8Q" }, { aliases });
    new MdevDevice("new-desk", { host, gpu, type: "A40-8Q" }, { parent: team });
    const { declared, uuidDerived } = await run.registered("a-desk");
    expect(uuidDerived).toBe(true);
    expect(declared?.vgpus.map(({ formerNames }) => formerNames)).toEqual([
      ["by-name", "by-urn", "by-output"],
      ["old-desk"],
    ]);
  });
});
