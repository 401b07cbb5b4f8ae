import { describe, expect, it } from "vitest";
import { planHost } from "../../../provider/plan/host/plan-host.js";
import { hasNeededVfs, neededVfs } from "../../../provider/settings/virtual-functions/needed.js";
import { desiredHost, gpuAddress, gpuFacts, hostFacts, refusalTexts, stepTexts } from "./facts.js";
import { finishedHost, vfs } from "./finished-host.js";

/** A board that shows an SR-IOV capability and makes no function, as the catalog knows a Tesla T4. */
const t4 = { deviceId: "10de:1eb8", subsystemId: "10de:12a2", totalVfs: 16 };
const unknownBoard = { deviceId: "10de:ffff", subsystemId: "10de:0001", totalVfs: 16 };
const typesOnIt = { driver: "nvidia", vgpuInterface: "mdev-on-pf", absence: null } as const;

function kinds(gpu: Parameters<typeof gpuFacts>[0], base = finishedHost()): string[] {
  const facts = { ...base, gpus: [gpuFacts(gpu)], manifest: { ...base.manifest, gpus: {} } };
  const plan = planHost(desiredHost(), facts);
  expect(refusalTexts(plan)).toEqual([]);
  return plan.steps.map(({ kind }) => kind);
}

describe("virtual functions of a host", () => {
  it.each([
    ["a board that the catalog knows", t4],
    ["a board that it does not know", unknownBoard],
    ["a board that it takes for one with functions", {}],
  ])("are not asked for where the types are on the GPU itself: %s", (_title, board) => {
    expect(kinds({ ...board, ...typesOnIt })).toEqual([]);
  });

  it("are not planned before the vGPU manager runs on a board that makes none, or that the catalog does not know", () => {
    for (const board of [t4, unknownBoard]) {
      const texts = stepTexts(planHost(desiredHost(), hostFacts({ gpus: [gpuFacts(board)] })));
      expect(texts.join("\n")).toContain("install-driver");
      expect(texts.join("\n")).not.toContain("enable-vfs");
    }
  });

  it("are decided by the host once the vGPU manager has the GPU, where the catalog does not know it", () => {
    expect(kinds({ ...unknownBoard, driver: "nvidia", absence: "none yet" })).toEqual(["enable-vfs"]);
  });

  it("are kept on where the host has some, whatever the catalog says", () => {
    const some = { ...t4, driver: "nvidia", virtualFunctions: vfs.slice(0, 3), absence: null };
    expect(kinds(some)).toEqual(["enable-vfs"]);
  });

  it("are no excuse for a board that offers nothing: what the manager's service says is asked for", () => {
    const facts = {
      ...finishedHost(),
      gpus: [gpuFacts({ ...t4, driver: "nvidia", absence: "it offers no types itself" })],
    };
    expect(refusalTexts(planHost(desiredHost(), facts))).toEqual([
      expect.stringContaining(`VGPU_PREREQUISITE gpu-01 ${gpuAddress}: the GPU offers no vGPU types`),
    ]);
  });
});

describe("hasNeededVfs", () => {
  it("asks for all functions and for the record that brings them back", () => {
    const on = gpuFacts({ driver: "nvidia", virtualFunctions: vfs, vgpuInterface: "mdev-on-vf" });
    expect(hasNeededVfs(on, 32)).toBe(true);
    expect(hasNeededVfs(on, undefined)).toBe(false);
    expect(hasNeededVfs({ ...on, virtualFunctions: vfs.slice(1) }, 32)).toBe(false);
  });

  it("is content with a record of an older version on a GPU that needs none", () => {
    const gpu = gpuFacts({ ...t4, ...typesOnIt });
    expect(neededVfs(gpu)).toBe(0);
    expect(hasNeededVfs(gpu, 16)).toBe(true);
  });
});
