import { mustRun } from "./support/domain.js";
import { tellLife } from "./support/life.js";

tellLife({
  kind: "ampere",
  gpu: "0000:41:00.0",
  type: "A40-8Q",
  otherType: "A40-16Q",
  count: 3,
  drift: async ({ machine }) => {
    const uuids = (await mustRun(machine, "ls /sys/bus/mdev/devices")).trim().split("\n");
    await mustRun(machine, `mdevctl undefine --uuid ${uuids[0]}`);
    await mustRun(machine, `echo 1 > /sys/bus/mdev/devices/${uuids[1]}/remove`);
    return [
      /defined *: false => true/,
      /\+ pulumi-nodejs:dynamic\/vgpu:MdevDevice[^+]*\(create\)|MdevDevice: \(create\)/,
    ];
  },
});
