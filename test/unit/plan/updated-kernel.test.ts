import { describe, expect, it } from "vitest";
import type { HostFacts } from "../../../provider/model/facts.js";
import { parseFactLines } from "../../../provider/observe/fact-lines.js";
import { parseMachine } from "../../../provider/observe/parse-machine.js";
import { planHost } from "../../../provider/plan/host/plan-host.js";
import { liveDriver } from "../../../provider/resources/driver-state.js";
import { desiredHost, driverOf, managerVersion, packageHash, refusalTexts, stepTexts } from "./facts.js";
import { finishedHost } from "./finished-host.js";

const old = "6.1.0-13-amd64";
const running = "6.1.0-50-amd64";

/** A host that was as declared and has booted a newer kernel, for which nobody built the driver. */
function updated(changes: Partial<HostFacts> = {}): HostFacts {
  return {
    ...finishedHost(),
    kernel: running,
    loadedDriver: null,
    installedDriver: null,
    otherKernelDrivers: [{ kernel: old, version: managerVersion }],
    dkmsStatus: [`nvidia/${managerVersion}, ${old}, x86_64: installed`],
    uploads: [packageHash],
    tools: new Set(["cc", "make", "ld", "dkms"]),
    ...changes,
  };
}

const why = `vGPU manager ${managerVersion} for kernel ${old} is on disk, none for the running ${running} (dkms status: nvidia/${managerVersion}, ${old}, x86_64: installed)`;

describe("a host whose kernel was updated without its driver", () => {
  it("gets the driver installed anew, and the step says why", () => {
    expect(stepTexts(planHost(desiredHost(), updated())).slice(0, 2)).toEqual([
      `install-driver gpu-01: ${why}`,
      `reboot-machine gpu-01 [reboots-host]: vGPU manager ${managerVersion} needs a boot after its installation`,
    ]);
  });

  it("shows its driver as one that is not for the running kernel", () => {
    const live = (facts: HostFacts) => liveDriver({ release: "17.4" }, facts, "host").release;
    expect(live(updated())).toBe(`17.4, not for kernel ${running}`);
    expect(live(updated({ otherKernelDrivers: [] }))).toBe("none");
  });

  it("is refused without a package, with what builds the driver by hand", () => {
    const plan = planHost(desiredHost({ driver: driverOf(managerVersion, { package: null }) }), updated());
    expect(refusalTexts(plan)).toContain(`VGPU_PREREQUISITE gpu-01: cannot install driver ${managerVersion}
Saw: ${why.replace("vGPU manager", "driver")}, and no package declared
Expected: driver.package, or that version installed already
Next: on the machine: dkms autoinstall -k ${running}, and reboot; or boot that kernel; or add driver.package: { path, sha256 }, which builds it anew`);
  });

  it("is refused without the headers that the build needs, and says what is missing because of it", () => {
    const plan = planHost(desiredHost(), updated({ kernelHeaders: false }));
    expect(refusalTexts(plan)[0]).toContain(
      `Saw: no /lib/modules/${running}/build; ${why.replace("vGPU manager", "driver")}\n`,
    );
  });

  it("is refused where the program declares no driver, with the reason that none runs", () => {
    const plan = planHost(desiredHost({ driver: null }), updated({ dkmsStatus: [] }));
    expect(refusalTexts(plan)[0]).toContain(
      `Saw: no module nvidia is loaded, and no driver declared; vGPU manager ${managerVersion} for kernel ${old} is on disk, none for the running ${running}\nExpected: a vGPU manager that runs, or driver in the program\nNext: on the host: dkms autoinstall -k ${running}, and reboot`,
    );
  });
});

describe("parseMachine", () => {
  it("reads for which other kernels there are drivers, and what dkms says", () => {
    const text = `other-kernel-driver\t${old}\t${managerVersion}\ndkms\tnvidia/${managerVersion}, ${old}, x86_64: installed\nend\thost\n`;
    expect(parseMachine(parseFactLines(text, "host", "x"))).toMatchObject({
      installedDriver: null,
      otherKernelDrivers: [{ kernel: old, version: managerVersion }],
      dkmsStatus: [`nvidia/${managerVersion}, ${old}, x86_64: installed`],
    });
  });
});
