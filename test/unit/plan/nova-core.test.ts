import { describe, expect, it } from "vitest";
import { planHost } from "../../../provider/plan/host/plan-host.js";
import { desiredHost, gpuFacts, hostFacts, installationOf, stepTexts } from "./facts.js";
import { finishedHost } from "./finished-host.js";

const bare = hostFacts({ gpus: [gpuFacts()] });

describe("nova_core", () => {
  const nova = { ...installationOf({ novaLoaded: ["nova_core"] }), gpus: [gpuFacts({ driver: "NovaCore" })] };

  it("is blocked beside nouveau, and booted away before the driver is installed", () => {
    expect(stepTexts(planHost(desiredHost(), { ...bare, ...nova })).slice(2, 4)).toEqual([
      "block-nouveau gpu-01: nova_core is loaded",
      "reboot-machine gpu-01 [reboots-host]: nova_core is loaded",
    ]);
  });

  it("is not kept away by a block of nouveau alone", () => {
    const blocked = { ...finishedHost(), ...nova, loadedDriver: null };
    expect(stepTexts(planHost(desiredHost(), blocked)).slice(0, 2)).toEqual([
      "block-nouveau gpu-01: nova_core is loaded",
      "reboot-machine gpu-01 [reboots-host]: vGPU manager 550.127.06 is installed and not loaded",
    ]);
    const both = {
      ...blocked,
      ...installationOf({ novaLoaded: ["nova_core"], novaBlockedBy: ["/etc/modprobe.d/x.conf"] }),
    };
    expect(stepTexts(planHost(desiredHost(), both))[0]).toContain("reboot-machine");
  });
});
