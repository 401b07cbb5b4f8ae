import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MdevDevice } from "../../../sdk/mdev-device.js";
import { VgpuHost } from "../../../sdk/vgpu-host.js";
import { type MockedRun, namesOf, startRun } from "./mocked-run.js";

const gpu = "0000:3b:00.0";
const uuid = "AAAAAAAA-2222-4333-8444-555555555555";
let run: MockedRun;

beforeEach(async () => {
  run = await startRun({ preview: false });
});

afterEach(() => {
  vi.useRealTimers();
});

function hostNamed(name: string): VgpuHost {
  return new VgpuHost(name, { connection: { host: `${name}.lab` }, gpus: { [gpu]: {} } });
}

describe("a vGPU whose values come late", () => {
  it("is handed down by UUID and names to those that are made before it", async () => {
    const host = hostNamed("l-gpu-01");
    const type = host.urn.apply(() => "A40-4Q");
    const otherUuid = host.urn.apply(() => uuid.replaceAll("A", "b"));
    new MdevDevice("l-first", { host, gpu, type: "A40-4Q" });
    const aliases = [{ name: "old" }, pulumi.output({ name: "older" })];
    new MdevDevice("l-derived", { host, gpu, type }, { aliases });
    new MdevDevice("l-given", { host, gpu, type, uuid });
    new MdevDevice("l-output", { host, gpu, type: "A40-4Q", uuid: otherUuid });
    const { declared } = await run.registered("l-first");
    expect(namesOf(declared, "vgpus")).toEqual(["l-first"]);
    const derived = (await run.registered("l-derived")).uuid;
    expect(declared?.late).toEqual([
      { resource: "l-derived", host: "l-gpu-01", uuid: derived, formerNames: ["old", "older"] },
      { resource: "l-given", host: "l-gpu-01", uuid: uuid.toLowerCase(), formerNames: [] },
      { resource: "l-output", host: "l-gpu-01", uuid: "", formerNames: [] },
    ]);
  });

  it("is waited for where only its UUID and its former names come by promises", async () => {
    const host = hostNamed("n-gpu-01");
    const soon = <T>(value: T) =>
      new Promise<T>((known) => setImmediate(() => setImmediate(() => known(value))));
    const type = host.urn.apply(() => "A40-8Q");
    new MdevDevice("n-first", { host, gpu, type: "A40-8Q" });
    new MdevDevice("n-uuid", { host, gpu, type, uuid: soon(uuid) });
    new MdevDevice("n-names", { host, gpu, type }, { aliases: [pulumi.output(soon({ name: "old" }))] });
    expect((await run.registered("n-first")).declared?.late).toMatchObject([
      { resource: "n-uuid", uuid: uuid.toLowerCase() },
      { resource: "n-names", formerNames: ["old"] },
    ]);
  });

  it("is handed down to those of its own host only, and no longer when it is known", async () => {
    const [host, other] = [hostNamed("m-gpu-01"), hostNamed("m-gpu-02")];
    new MdevDevice("m-first", { host, gpu, type: "A40-8Q" });
    new MdevDevice("m-late", { host, gpu, type: host.urn.apply(() => "A40-8Q") });
    new MdevDevice("m-elsewhere", { host: other, gpu, type: "A40-8Q" });
    expect((await run.registered("m-first")).declared?.late).toMatchObject([{ resource: "m-late" }]);
    expect((await run.registered("m-elsewhere")).declared?.late).toEqual([]);
    expect((await run.registered("m-late")).declared?.late).toEqual([]);
  });

  it("is one whose promise takes more than 10 s, too", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const host = hostNamed("p-gpu-01");
    let resolve: (type: string) => void = () => {};
    const type = new Promise<string>((known) => {
      resolve = known;
    });
    new MdevDevice("p-first", { host, gpu, type: "A40-4Q" });
    new MdevDevice("p-late", { host, gpu, type, uuid });
    const first = run.registered("p-first");
    await vi.waitUntil(() => vi.getTimerCount() > 0);
    await vi.advanceTimersByTimeAsync(10_001);
    const { declared } = await first;
    expect(namesOf(declared, "vgpus")).toEqual(["p-first"]);
    expect(declared?.late).toMatchObject([{ resource: "p-late", uuid: uuid.toLowerCase() }]);
    resolve("A40-4Q");
    expect(namesOf((await run.registered("p-late")).declared, "vgpus")).toEqual(["p-first", "p-late"]);
  });

  it("is one whose values are not known in a preview, too", async () => {
    run = await startRun();
    const host = hostNamed("u-gpu-01");
    const type = pulumi.output<string>(pulumi.unknown as unknown as string);
    new MdevDevice("u-first", { host, gpu, type: "A40-4Q" });
    new MdevDevice("u-late", { host, gpu, type, uuid });
    expect((await run.registered("u-first")).declared?.late).toMatchObject([{ resource: "u-late" }]);
  });
});
