import { readFileSync } from "node:fs";
import { firmwareToolPath } from "../../tools/lab/vendor/firmware-tools.js";
import { mustRun } from "./support/domain.js";
import { tellLife } from "./support/life.js";

const gpu = "0000:61:00.0";
const tool = "/root/displaymodeselector";

tellLife({
  kind: "display",
  gpu,
  type: "RTXA6000-8Q",
  otherType: "RTXA6000-16Q",
  count: 2,
  // As it comes from the factory its displays are on, and it offers no vGPU. The tool refuses while the driver is loaded.
  hindrance: {
    named: [/VGPU_PREREQUISITE/, /offers no vGPU types/, /graphics display mode/],
    remove: async (host) => {
      await host.machine.writeFile(tool, readFileSync(firmwareToolPath("displaymodeselector")), 0o755);
      await mustRun(
        host.machine,
        `/usr/lib/nvidia/sriov-manage -d ${gpu}; systemctl stop nvidia-vgpu-mgr && modprobe -r nvidia-vgpu-vfio nvidia &&
         ${tool} --gpumode physical_display_disabled --auto`,
      );
      await host.reboot();
      await host.settled();
    },
  },
  drift: async ({ machine }) => {
    await mustRun(machine, `for d in /sys/bus/mdev/devices/*/remove; do echo 1 > "$d"; done`);
    await mustRun(machine, `/usr/lib/nvidia/sriov-manage -d ${gpu}`);
    return [/virtualFunctions|0 of 32 virtual functions/, /MdevDevice: \(create\).*MdevDevice: \(create\)/];
  },
});
