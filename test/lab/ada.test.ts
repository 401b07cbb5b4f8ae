import { mustRun } from "./support/domain.js";
import { tellLife } from "./support/life.js";

tellLife({
  kind: "ada",
  gpu: "0000:26:00.0",
  type: "L40S-12Q",
  otherType: "L40S-24Q",
  count: 2,
  drift: async ({ machine }) => {
    const pfs = "/sys/bus/pci/devices/0000:26:00.0";
    await mustRun(
      machine,
      `echo 0 > ${pfs}/virtfn0/nvidia/current_vgpu_type && /usr/lib/nvidia/sriov-manage -d 0000:26:00.0; echo done`,
    );
    return [/0 of \d+ virtual functions/, /MdevDevice: \(create\)/];
  },
});
