import { mustRun } from "./support/domain.js";
import { tellLife } from "./support/life.js";

tellLife({
  kind: "turing",
  gpu: "0000:3b:00.0",
  type: "T4-4Q",
  otherType: "T4-8Q",
  count: 2,
  drift: async ({ machine }) => {
    // All that a reload of the driver takes: vGPUs, and with them what holds the module.
    await mustRun(
      machine,
      `for d in /sys/bus/mdev/devices/*/remove; do echo 1 > "$d"; done
       systemctl stop nvidia-vgpu-mgr && modprobe -r nvidia-vgpu-vfio nvidia`,
    );
    return [/not loaded|managerService/, /MdevDevice: \(create\)/];
  },
});
