import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkProgram } from "../../../../provider/plan/declared/check-program.js";
import type { DeclaredOnGpu } from "../../../../provider/plan/declared/program.js";
import { briefOf, guestOf, hostOf, programOf, textsOf, vgpuOf, vgpusOf } from "./programs.js";

describe("checkProgram", () => {
  it("has nothing against a sound program", () => {
    const program = programOf({
      vgpus: vgpusOf("A40-8Q", "A40-8Q"),
      guests: [guestOf({ device: "desk-1", hostRelease: null })],
    });
    expect(checkProgram(program)).toEqual([]);
  });

  it("judges each GPU by itself", () => {
    const gpus = { "0000:3b:00.0": { usage: "vgpu" }, "0000:d8:00.0": { usage: "vgpu" } } as const;
    const vgpus = [vgpuOf(), vgpuOf({ resource: "desk-2", gpu: "0000:d8:00.0", type: "A40-4Q" })];
    expect(checkProgram(programOf({ hosts: [hostOf({ gpus })], vgpus }))).toEqual([]);
  });

  it("has nothing against mdevs of another driver, of whatever types, and sees their UUIDs", () => {
    const serial = { host: "gpu-01", parent: "mtty", keep: false, uuid: "uuid-7" };
    const vgpus = [
      { ...serial, resource: "serial-1", mdevType: "mtty-1" },
      { ...serial, resource: "serial-2", mdevType: "mtty-2", uuid: "uuid-8" },
    ];
    expect(checkProgram(programOf({ vgpus: [...vgpus, ...vgpusOf("A40-8Q")] }))).toEqual([]);
    const claiming = { ...vgpuOf(), uuid: "uuid-7" };
    expect(briefOf(checkProgram(programOf({ vgpus: [...vgpus, claiming] })))).toEqual([
      "desk-1 VGPU_CLAIM_CONFLICT uuid",
    ]);
  });

  it("sees one GPU behind two forms of its address", () => {
    const vgpus = [vgpuOf(), vgpuOf({ resource: "desk-2", gpu: "3B:00.0", type: "A40-4Q" })];
    expect(briefOf(checkProgram(programOf({ vgpus })))).toEqual(["desk-1 VGPU_SIZE_CONFLICT type"]);
  });

  it("sees one GPU behind two resources of its host", () => {
    const hosts = [hostOf(), hostOf({ resource: "gpu-01-again" })];
    const vgpus = [vgpuOf(), vgpuOf({ resource: "desk-2", host: "gpu-01-again", type: "A40-4Q" })];
    expect(briefOf(checkProgram(programOf({ hosts, vgpus })))).toEqual([
      "desk-1 VGPU_SIZE_CONFLICT type",
      "gpu-01 VGPU_CLAIM_CONFLICT connection",
    ]);
  });

  it("finds a guest's host release by way of its vGPU", () => {
    const guests = [guestOf({ device: "desk-1", hostRelease: null, release: "19.0", packageName: null })];
    const program = programOf({ vgpus: [vgpuOf()], guests });
    expect(briefOf(checkProgram(program))).toEqual(["desk-1-driver VGPU_INCOMPATIBLE_GUEST driver.release"]);
    const undeclared = programOf({ hosts: [hostOf({ release: null })], vgpus: [vgpuOf()], guests });
    expect(briefOf(checkProgram(undeclared))).toEqual([
      "desk-1-driver VGPU_INCOMPATIBLE_GUEST driver.release",
    ]);
  });

  it("judges vGPUs of a host that the program does not show by themselves", () => {
    expect(checkProgram(programOf({ hosts: [], vgpus: vgpusOf("A40-8Q") }))).toEqual([]);
    expect(briefOf(checkProgram(programOf({ hosts: [], vgpus: vgpusOf("A40-8Q", "A40-4Q") })))).toHaveLength(
      1,
    );
  });

  const everyFault = programOf({
    hosts: [hostOf({ release: "17.9" }), hostOf({ resource: "gpu-00", packageName: null })],
    vgpus: [
      ...vgpusOf("A40-8Q", "A40-4Q", "A40"),
      vgpuOf({ resource: "desk-9", gpu: "0000:d8:00.0", uuid: "uuid-1" }),
      vgpuOf({ resource: "desk-8", gpu: "no" }),
    ],
    guests: [guestOf(), guestOf({ resource: "desk-2-driver", release: "18.0", packageName: null })],
  });

  it("tells every fault once, in one order", () => {
    expect(briefOf(checkProgram(everyFault))).toEqual([
      "gpu-01 VGPU_UNKNOWN_RELEASE driver.release",
      "desk-3 VGPU_UNKNOWN_TYPE type",
      "desk-8 VGPU_INPUT gpu",
      "desk-9 VGPU_INPUT gpu",
      "desk-2-driver VGPU_INCOMPATIBLE_GUEST driver.release",
      "desk-1 VGPU_SIZE_CONFLICT type",
      "gpu-00 VGPU_CLAIM_CONFLICT connection",
      "desk-1 VGPU_CLAIM_CONFLICT uuid",
      "desk-1-driver VGPU_CLAIM_CONFLICT guest",
    ]);
  });

  it("says the same whatever the order of declaration", () => {
    const expected = textsOf(checkProgram(everyFault));
    const shuffled = <T>(things: readonly T[]) =>
      fc.shuffledSubarray([...things], { minLength: things.length });
    const program = fc.record({
      hosts: shuffled(everyFault.hosts),
      vgpus: shuffled(everyFault.vgpus),
      guests: shuffled(everyFault.guests),
    });
    fc.assert(
      fc.property(program, (one) => {
        expect(textsOf(checkProgram(one))).toEqual(expected);
      }),
    );
  });

  it("leaves a vGPU that the engine may keep as it is out of the rules on types and GPUs, and in those on claims", () => {
    const [one, other] = vgpusOf("A40-8Q", "A40-4Q");
    const program = (changes: object) =>
      programOf({ vgpus: [one, { ...other, ...changes }] as DeclaredOnGpu[] });
    expect(briefOf(checkProgram(program({})))).toEqual(["desk-1 VGPU_SIZE_CONFLICT type"]);
    expect(checkProgram(program({ asItIs: true }))).toEqual([]);
    expect(checkProgram(program({ asItIs: true, gpu: "nowhere", type: "none" }))).toEqual([]);
    expect(briefOf(checkProgram(program({ asItIs: true, uuid: one?.uuid })))).toEqual([
      "desk-1 VGPU_CLAIM_CONFLICT uuid",
    ]);
  });

  it("refuses no vGPU for a host whose GPUs are not known yet", () => {
    const vgpus = [vgpuOf({ gpu: "0000:99:00.0" })];
    expect(checkProgram(programOf({ vgpus }))).toHaveLength(1);
    expect(checkProgram(programOf({ hosts: [hostOf({ gpus: null })], vgpus }))).toEqual([]);
  });

  it("tells first what cannot be the arguments of a resource", () => {
    const parts = {
      code: "VGPU_INPUT",
      where: "w",
      what: "",
      saw: "",
      expected: "",
      next: "",
      property: "host",
    } as const;
    const program = programOf({ hosts: [hostOf({ release: "17.9" })], wrong: [{ resource: "w", parts }] });
    expect(briefOf(checkProgram(program))).toEqual([
      "w VGPU_INPUT host",
      "gpu-01 VGPU_UNKNOWN_RELEASE driver.release",
    ]);
  });
});
