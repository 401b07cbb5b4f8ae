import { describe, expect, it } from "vitest";
import type { GpuFacts, HostFacts } from "../../../provider/model/facts.js";
import { parseHostFacts } from "../../../provider/observe/observe-host.js";
import { planHost } from "../../../provider/plan/host/plan-host.js";
import {
  desiredHost,
  driverOf,
  gpuAddress,
  gpuFacts,
  managerVersion,
  refusalTexts,
  stepTexts,
} from "./facts.js";
import { finishedHost } from "./finished-host.js";

const legacy = (version: string) => [
  "NVRM: The NVIDIA Tesla P100 GPU installed in this system is",
  "NVRM:  supported through the NVIDIA 580.xx Legacy drivers. Please",
  `NVRM:  information.  The ${version} NVIDIA driver will ignore`,
];
const withoutGsp = [
  `NVRM: The NVIDIA GPU ${gpuAddress} (PCI ID: 10de:ffff)`,
  "NVRM: installed in this system is not supported by open",
];
/** A host after installation and reboot, whose board the catalog does not know. */
function ignored(kernelLog: readonly string[], changes: Partial<GpuFacts> = {}): HostFacts {
  const board = { deviceId: "10de:ffff", subsystemId: "10de:0001", totalVfs: 0 };
  return { ...finishedHost(), gpus: [gpuFacts({ ...board, kernelLog, ...changes })] };
}

describe("a board that the installed driver leaves alone", () => {
  it("is named with what the driver said of it", () => {
    expect(refusalTexts(planHost(desiredHost(), ignored(legacy(managerVersion))))).toContain(
      `VGPU_PREREQUISITE gpu-01 ${gpuAddress}: the installed driver ${managerVersion} leaves this GPU alone
Saw: 10de:ffff without a driver; the kernel's log (dmesg):
  ${legacy(managerVersion).join("\n  ")}
Expected: a vGPU manager that has this board
Next: declare a release of the branch that the driver names, or of an earlier one, or leave this GPU out of gpus`,
    );
  });

  it("is not rebooted for again and again where it was the only one, and the driver loads no more", () => {
    const only = { ...ignored(withoutGsp), loadedDriver: null };
    const plan = planHost(desiredHost(), only);
    expect(plan.steps).toEqual([]);
    expect(refusalTexts(plan).join()).toContain("leaves this GPU alone");
    const silent = planHost(desiredHost(), { ...only, gpus: [gpuFacts()] });
    expect(stepTexts(silent)[0]).toContain("installed and not loaded");
  });

  it("is a fault of the declared release where one is", () => {
    const plan = planHost(desiredHost(), ignored(legacy(managerVersion)));
    const found = plan.refusals.find(({ what }) => what.includes("leaves this GPU alone"));
    expect(found?.property).toBe("driver.release");
  });

  it("is a fault of the GPU's declaration where no driver is declared", () => {
    const plan = planHost(desiredHost({ driver: null }), ignored(legacy(managerVersion)));
    const found = plan.refusals.find(({ what }) => what.includes("leaves this GPU alone"));
    expect(found?.property).toBe(`gpus["${gpuAddress}"]`);
  });

  it("is no reason against another release, whose driver may have it", () => {
    const other = driverOf("535.161.05", { release: "16.4" });
    const plan = planHost(desiredHost({ driver: other }), ignored(legacy(managerVersion)));
    expect(refusalTexts(plan)).toEqual([]);
    expect(plan.steps.map(({ kind }) => kind)).toContain("uninstall-driver");
  });

  it.each<[string, HostFacts]>([
    ["another version said it earlier in this boot", ignored(legacy("595.71.03"))],
    ["a driver has it", ignored(legacy(managerVersion), { driver: "nvidia" })],
    ["the log says something else of it", ignored(["NVRM: GPU 0000:3b:00.0: RmInitAdapter failed!"])],
    ["it is not declared", ignored(legacy(managerVersion), { address: "0000:af:00.0" })],
  ])("is not taken for one where %s", (_title, facts) => {
    expect(refusalTexts(planHost(desiredHost(), facts)).join()).not.toContain("leaves this GPU alone");
  });

  it("shows what else the log has of a GPU that offers no types", () => {
    const failed = ignored(["NVRM: GPU 0000:3b:00.0: RmInitAdapter failed!"]);
    expect(refusalTexts(planHost(desiredHost(), failed)).join()).toContain(
      "Saw: no driver is bound to the GPU; the kernel's log (dmesg):\n  NVRM: GPU 0000:3b:00.0: RmInitAdapter failed!\n",
    );
  });

  it("has no more of the log than a person reads", () => {
    const line = `gpu-log\t${gpuAddress}\t${"x".repeat(1000)}\n`;
    const output = `gpu\t${gpuAddress}\t0xffff\t0x10de:0x0001\t0\t0\n${line.repeat(50)}end\thost\n`;
    const [gpu] = parseHostFacts(output, "x").gpus;
    expect(gpu?.kernelLog).toEqual(Array.from({ length: 12 }, () => "x".repeat(300)));
  });
});
