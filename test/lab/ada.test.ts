import { mustRun } from "./support/domain.js";
import { tellLife } from "./support/life.js";

tellLife({
  kind: "ada",
  gpu: "0000:26:00.0",
  type: "L40S-12Q",
  otherType: "L40S-24Q",
  count: 2,
  drift: async ({ machine }) => {
    // libvirt takes the function of one vGPU for passthrough; the type of the other one is cleared.
    await mustRun(
      machine,
      `set -e
       set -- $(grep -lvx 0 /sys/bus/pci/devices/*/nvidia/current_vgpu_type)
       vf=$(basename "\${1%/nvidia/*}")
       virsh nodedev-detach "pci_$(echo "$vf" | tr :. __)"
       readlink "/sys/bus/pci/devices/$vf/driver" | grep -q vfio-pci
       echo 0 > "$2"`,
    );
    return [/MdevDevice: \(create\).*MdevDevice: \(create\)/];
  },
});
