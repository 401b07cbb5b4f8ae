import { expect, it } from "vitest";
import { mustSucceed } from "../engine/support/stack.js";
import { mustRun } from "./support/domain.js";
import { tellLife } from "./support/life.js";
import { liveTypes } from "./support/live.js";

const gpu = "0000:17:00.0";
const clear = `for f in $(grep -lvx 0 /sys/bus/pci/devices/*/nvidia/current_vgpu_type); do echo 0 > "$f"; done`;

/** With functions on, the mode would only be pending. */
function setMig(mode: 0 | 1): string {
  return `/usr/lib/nvidia/sriov-manage -d ${gpu} && nvidia-smi -i 0 -mig ${mode} && /usr/lib/nvidia/sriov-manage -e ${gpu}`;
}

tellLife({
  kind: "mig",
  gpu,
  type: "A100-10C",
  otherType: "A100-20C",
  count: 2,
  // With MIG on, and no GPU instance, it offers neither time-sliced types nor MIG-backed ones.
  drift: async ({ machine }) => {
    await mustRun(machine, `${clear}; ${setMig(1)}`);
    return [/VGPU_/, /offers no/];
  },
  repair: async ({ machine }) => {
    await mustRun(machine, setMig(0));
  },
  more: ({ host, declare, up, unchanged }) => {
    it("makes MIG-backed vGPUs on GPU instances that an operator has made", async () => {
      const { machine } = host();
      await mustRun(machine, `${clear}; ${setMig(1)} && nvidia-smi mig -i 0 -cgi 19,19,19 -C`);
      await declare("A100-1-5C", 3);
      mustSucceed(await up());
      expect(await liveTypes(machine)).toEqual(["A100-1-5C", "A100-1-5C", "A100-1-5C"]);
      await unchanged(3);
    });

    it("takes them away with their declaration, and leaves MIG to the operator", async () => {
      const { machine } = host();
      await declare("A100-1-5C", 0);
      mustSucceed(await up());
      expect(await liveTypes(machine)).toEqual([]);
      expect(await mustRun(machine, "nvidia-smi --query-gpu=mig.mode.current --format=csv,noheader")).toBe(
        "Enabled\n",
      );
      await mustRun(machine, setMig(0));
    });
  },
});
