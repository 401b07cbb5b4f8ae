import { readFileSync } from "node:fs";
import { firmwareToolPath } from "../../tools/lab/vendor/firmware-tools.js";
import { mustRun } from "./support/domain.js";
import type { LabHost } from "./support/lab-host.js";
import { tellLife } from "./support/life.js";

const tool = "/root/displaymodeselector";

/** An operator sets the board's display mode by the vendor's tool; it holds from the next boot on. */
async function setDisplayMode(host: LabHost, mode: string): Promise<void> {
  await mustRun(host.machine, `${tool} --gpumode ${mode} --auto`);
  await host.reboot();
  await host.settled();
}

tellLife({
  kind: "display",
  gpu: "0000:61:00.0",
  type: "RTXA6000-8Q",
  otherType: "RTXA6000-16Q",
  count: 2,
  // As it comes from the factory it has its displays on, and offers no vGPU.
  prepare: async (host) => {
    await host.machine.writeFile(tool, readFileSync(firmwareToolPath("displaymodeselector")), 0o755);
    await setDisplayMode(host, "physical_display_disabled");
  },
  drift: async (host) => {
    await setDisplayMode(host, "physical_display_enabled_8GB_bar1");
    return [/VGPU_PREREQUISITE/, /offers no vGPU types|no vGPU type/, /display mode/];
  },
  repair: (host) => setDisplayMode(host, "physical_display_disabled"),
});
