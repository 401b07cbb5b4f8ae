import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";
import { GuestDriverInstall } from "../../../sdk/guest-driver-install.js";
import { MdevDevice } from "../../../sdk/mdev-device.js";
import { VgpuHost } from "../../../sdk/vgpu-host.js";
import { type MockedRun, namesOf, startRun } from "./mocked-run.js";

const gpu = "0000:3b:00.0";
const secretSign = "4dabf18193072939515e22adb298388d";

let run: MockedRun;
const registered = (name: string) => run.registered(name);

function hostOf(name: string, address = `${name}.lab`): VgpuHost {
  return new VgpuHost(name, {
    connection: { host: address },
    driver: { release: "17.4" },
    gpus: { [gpu]: {} },
  });
}

beforeEach(async () => {
  run = await startRun();
});

describe("a program's declarations", () => {
  it("hand down, with the first that are checked, each machine whose connection waits for no resource", async () => {
    const first = new VgpuHost("s-one", {
      connection: { host: "s-one.lab", password: pulumi.secret("open sesame") },
    });
    new VgpuHost("s-two", { connection: pulumi.output({ host: "s-two.lab" }) });
    new VgpuHost("s-late", { connection: { host: "s-late.lab", password: first.id } });
    new VgpuHost("s-kept", { connection: { host: "s-kept.lab" } }, { ignoreChanges: ["connection"] });
    new GuestDriverInstall("s-desk", { guest: { connection: { host: "s-desk.lab" } } });
    const { declared } = await registered("s-one");
    const looks = JSON.parse(declared?.looks ?? "[]") as readonly {
      kind: string;
      resource: string;
      row: unknown;
    }[];
    expect(looks.map(({ kind, resource }) => `${kind} ${resource}`).sort()).toEqual([
      "GuestDriverInstall s-desk",
      "VgpuHost s-one",
      "VgpuHost s-two",
    ]);
    expect(looks.find(({ resource }) => resource === "s-one")).toEqual({
      kind: "VgpuHost",
      resource: "s-one",
      connection: { host: "s-one.lab", password: "open sesame" },
      row: "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/vgpu:VgpuHost::s-one",
    });
    // As it leaves the program it is a secret.
    expect(run.isSecret("s-one")).toBe(true);
    expect((await registered("s-desk")).declared?.looks).toBeDefined();
  });

  it("hand down no machine where there is one only: its own check looks at it", async () => {
    hostOf("s-alone");
    expect((await registered("s-alone")).declared?.looks).toBeUndefined();
    expect(run.isSecret("s-alone")).toBe(false);
  });

  it("give each vGPU its host and every vGPU of its GPU, and no other", async () => {
    const [first, second] = [hostOf("d-gpu-01"), hostOf("d-gpu-02")];
    new MdevDevice("d-desk-1", { host: first, gpu, type: "A40-8Q" });
    new MdevDevice("d-desk-2", { host: first, gpu: "3B:00.0", type: "A40-8Q" });
    new MdevDevice("d-render", { host: first, gpu: "0000:af:00.0", type: "A40-48Q" });
    new MdevDevice("d-far", { host: second, gpu, type: "A40-8Q" });
    const { declared } = await registered("d-desk-1");
    expect(namesOf(declared, "hosts")).toEqual(["d-gpu-01"]);
    expect(namesOf(declared, "vgpus")).toEqual(["d-desk-1", "d-desk-2"]);
    expect(namesOf((await registered("d-desk-2")).declared, "vgpus")).toEqual(["d-desk-1", "d-desk-2"]);
    expect(namesOf((await registered("d-render")).declared, "vgpus")).toEqual(["d-render"]);
    expect(namesOf((await registered("d-far")).declared, "vgpus")).toEqual(["d-far"]);
  });

  it("give a vGPU those that claim its UUID on another GPU of the host", async () => {
    const host = hostOf("u-gpu-01");
    const uuid = "11111111-2222-4333-8444-555555555555";
    new MdevDevice("u-desk-1", { host, gpu, type: "A40-8Q", uuid });
    new MdevDevice("u-desk-2", { host, gpu: "0000:af:00.0", type: "A40-8Q", uuid: uuid.toUpperCase() });
    expect(namesOf((await registered("u-desk-1")).declared, "vgpus")).toEqual(["u-desk-1", "u-desk-2"]);
  });

  it("name to a guest all hosts, and to a host the guests that wait for no vGPU, where the connection is known", async () => {
    const host = hostOf("o-one");
    new VgpuHost("o-later", { connection: { host: pulumi.output(host.urn) }, gpus: {} });
    const device = new MdevDevice("o-desk", { host, gpu, type: "A40-8Q" });
    new GuestDriverInstall("o-guest", { guest: { connection: { host: "o-desk.lab" } }, device });
    new GuestDriverInstall("o-passed-through", { guest: { connection: { host: "o-desk-b.lab" } } });
    const others = async (name: string) => (await registered(name)).declared?.others;
    expect(await others("o-guest")).toEqual([{ kind: "VgpuHost", resource: "o-one" }]);
    expect(await others("o-one")).toEqual([{ kind: "GuestDriverInstall", resource: "o-passed-through" }]);
    expect(await others("o-desk")).toBeUndefined();
  });

  it("name to a host no guest that is made after a host, however the program says so", async () => {
    const host = hostOf("a-one");
    const rack = new pulumi.ComponentResource("my:c:Rack", "a-rack");
    const connection = { host: "a-in-rack.lab" };
    new VgpuHost("a-in-rack", { connection, gpus: { [gpu]: {} } }, { parent: rack });
    const desk = new MdevDevice("a-desk", { host, gpu, type: "A40-8Q" });
    const guest = (name: string, opts: pulumi.CustomResourceOptions, token: pulumi.Input<string> = "t") =>
      new GuestDriverInstall(
        name,
        { guest: { connection: { host: `${name}.lab` } }, license: { token } },
        opts,
      );
    guest("a-after", { dependsOn: [host] });
    guest("a-after-one", { dependsOn: host });
    guest("a-after-vgpu", { dependsOn: [desk] });
    guest("a-child", { parent: host });
    guest("a-with-output", {}, host.urn);
    guest("a-after-rack", { dependsOn: [rack] });
    guest("a-in-the-rack", { parent: rack });
    const others = async (name: string) =>
      ((await registered(name)).declared?.others ?? []).map(({ resource }) => resource).sort();
    expect(await others("a-one")).toEqual(["a-in-the-rack"]);
    expect(await others("a-in-rack")).toEqual(["a-in-the-rack"]);
  });

  it("give a host those that reach the same machine, and a guest those that claim its machine or vGPU", async () => {
    const [one] = [hostOf("m-one", "m-1.lab"), hostOf("m-other-name", "m-1.lab"), hostOf("m-two", "m-2.lab")];
    const device = new MdevDevice("m-desk", { host: one, gpu, type: "A40-8Q" });
    new GuestDriverInstall("m-guest", { guest: { connection: { host: "desk.lab" } }, device });
    new GuestDriverInstall("m-same-machine", { guest: { connection: { host: "desk.lab", port: 22 } } });
    new GuestDriverInstall("m-same-vgpu", { guest: { connection: { host: "desk-b.lab" } }, device });
    new GuestDriverInstall("m-stranger", { guest: { connection: { host: "desk-c.lab" } } });
    expect(namesOf((await registered("m-one")).declared, "hosts")).toEqual(["m-one", "m-other-name"]);
    expect(namesOf((await registered("m-two")).declared, "hosts")).toEqual(["m-two"]);
    const { declared, hostRelease } = await registered("m-guest");
    expect(namesOf(declared, "guests")).toEqual(["m-guest", "m-same-machine", "m-same-vgpu"]);
    expect(hostRelease).toBe("17.4");
    expect(namesOf((await registered("m-stranger")).declared, "guests")).toEqual(["m-stranger"]);
  });

  it("let a resource that is constructed later see those before it", async () => {
    const host = hostOf("l-gpu-01");
    new MdevDevice("l-desk-1", { host, gpu, type: "A40-8Q" });
    expect(namesOf((await registered("l-desk-1")).declared, "vgpus")).toEqual(["l-desk-1"]);
    new MdevDevice("l-desk-2", { host, gpu, type: "A40-8Q" });
    expect(namesOf((await registered("l-desk-2")).declared, "vgpus")).toEqual(["l-desk-1", "l-desk-2"]);
  });

  it("note what the program protects or retains, also by a parent's protection", async () => {
    const host = hostOf("k-gpu-01");
    const parent = new pulumi.ComponentResource("k:index:Team", "k-team", {}, { protect: true });
    const args = { host, gpu, type: "A40-8Q" };
    new MdevDevice("k-plain", args);
    new MdevDevice("k-protected", args, { protect: true });
    new MdevDevice("k-retained", args, { retainOnDelete: true });
    new MdevDevice("k-of-team", args, { parent });
    new MdevDevice("k-freed", args, { parent, protect: false });
    const keeps = (await registered("k-plain")).declared?.vgpus.map(({ resource, keep }) => [resource, keep]);
    expect(Object.fromEntries(keeps ?? [])).toEqual({
      "k-plain": false,
      "k-protected": true,
      "k-retained": true,
      "k-of-team": true,
      "k-freed": false,
    });
    expect((await registered("k-of-team")).keep).toBe(true);
    expect((await registered("k-of-team")).row).toMatch(
      /k:index:Team\$pulumi-nodejs:dynamic\/vgpu:MdevDevice::k-of-team$/,
    );
    expect((await registered("k-plain")).row).toBeUndefined();
    expect((await registered("k-plain")).keep).toBeUndefined();
  });

  it("give an mdev of another driver those of its parent, and no GPU's", async () => {
    const host = hostOf("p-gpu-01");
    new MdevDevice("p-serial-1", { host, parent: "mtty", mdevType: "mtty-2" });
    new MdevDevice("p-serial-2", { host, parent: "mtty", mdevType: "mtty-1" });
    new MdevDevice("p-screen", { host, parent: "00:02.0", mdevType: "i915-GVTg_V5_4" });
    new MdevDevice("p-desk-1", { host, gpu, type: "A40-8Q" });
    const { declared, parent, mdevType } = await registered("p-serial-1");
    expect([parent, mdevType]).toEqual(["mtty", "mtty-2"]);
    expect(namesOf(declared, "vgpus")).toEqual(["p-serial-1", "p-serial-2"]);
    expect((await registered("p-screen")).declared?.vgpus).toMatchObject([{ parent: "0000:00:02.0" }]);
    expect(namesOf((await registered("p-desk-1")).declared, "vgpus")).toEqual(["p-desk-1"]);
  });
});

describe("MdevDevice", () => {
  it("has a UUID of its own name, and libvirt's element for it", async () => {
    const desk = new MdevDevice("desk-1", { host: hostOf("x-gpu-01"), gpu, type: "A40-8Q" });
    expect((await registered("desk-1")).uuid).toBe("5e2ba8fb-a65c-5b09-9de1-dd54a9c9d8c7");
    const xml = await new Promise<string>((resolve) => desk.hostdevXml.apply(resolve));
    expect(xml).toContain("<source><address uuid='5e2ba8fb-a65c-5b09-9de1-dd54a9c9d8c7'/></source>");
  });
});

describe("MdevDevice of another driver", () => {
  it("has libvirt's element by what the host says a VM takes it for", async () => {
    const found = { vgpuInterface: "mdev-on-parent", deviceApi: "vfio-ccw" };
    const newResource = ({ inputs: given }: { inputs: object }) => ({
      id: "id",
      state: { ...given, ...found },
    });
    await pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "shop", "dev", true);
    const uuid = "11111111-2222-4333-8444-555555555555";
    const args = { host: hostOf("y-kvm-01"), parent: "0.0.0313", mdevType: "vfio_ccw-io", uuid };
    const dasd = new MdevDevice("y-dasd-1", args);
    const xml = await new Promise<string>((resolve) => dasd.hostdevXml.apply(resolve));
    expect(xml).toContain(`model='vfio-ccw'>\n  <source><address uuid='${uuid}'/></source>`);
  });
});

/** What stands in a value outside of what is marked as secret. */
function plainText(value: unknown): string {
  return JSON.stringify(value, (_key, part) =>
    typeof part === "object" && part !== null && secretSign in part ? "[secret]" : part,
  );
}

describe("what is secret", () => {
  const marked = (value: unknown) => JSON.stringify(value).includes(secretSign);
  const bastion = { host: "bastion.lab", password: "hunter2" };

  it.each<[string, () => pulumi.Input<object>]>([
    ["plain", () => ({ host: "h", sudoPassword: "hunter2", proxy: bastion })],
    ["as an output", () => pulumi.output({ host: "h", sudoPassword: "hunter2", proxy: bastion })],
    ["a promise", () => Promise.resolve({ host: "h", sudoPassword: "hunter2", proxy: bastion })],
    ["a bastion as an output", () => ({ host: "h", proxy: pulumi.output(bastion) })],
    ["an output with a plain bastion", () => pulumi.output({ host: "h", proxy: bastion })],
  ])("is marked in a connection: %s", async (title, connection) => {
    const name = `s-${title.replaceAll(" ", "-")}`;
    new VgpuHost(name, { connection: connection() as { host: string } });
    const { connection: sent } = await registered(name);
    expect(marked(sent)).toBe(true);
    expect(plainText(sent)).not.toContain("hunter2");
  });

  it("is not made of a connection that has no secret", async () => {
    new VgpuHost("s-none", { connection: pulumi.output({ host: "h", privateKeyPath: "~/.ssh/id" }) });
    expect(marked((await registered("s-none")).connection)).toBe(false);
  });

  it.each<[string, () => pulumi.Input<{ token: string }>]>([
    ["plain", () => ({ token: "hunter2" })],
    ["as an output", () => pulumi.output({ token: "hunter2" })],
  ])("is marked in a license: %s", async (title, license) => {
    const name = `t-${title.replaceAll(" ", "-")}`;
    new GuestDriverInstall(name, { guest: { connection: { host: name } }, license: license() });
    const { license: sent } = await registered(name);
    expect(marked(sent)).toBe(true);
    expect(plainText(sent)).not.toContain("hunter2");
  });
});
