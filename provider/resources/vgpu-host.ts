// A VgpuHost owns, on one KVM host: our claim of it, the block of nouveau, the vGPU manager that we installed, the
// virtual functions that we turned on, and the boot unit that restores what a reboot takes. Id: the host's machine-id.
// Another machine replaces it; another address of the same one does not. Installing or changing the manager reboots the host.
// It never touches vGPUs, VMs, or a GPU that is not declared.
import { bootFileHashes } from "../apply/boot-unit.js";
import type { DesiredHost } from "../plan/desired.js";
import { dkmsNotice } from "../plan/driver/dkms-notice.js";
import { clientsNotice } from "../plan/driver/driver-clients.js";
import { planHost, planHostRemoval } from "../plan/host/plan-host.js";
import { lostDriverNotice, lostHostHistory } from "../plan/identity/lost-history.js";
import { secureBootNotice } from "../plan/prerequisites/secure-boot.js";
import { autostartNotice } from "../plan/vgpu/autostart.js";
import { type VgpuHostInputs, vgpuHostSchema } from "../schema/inputs.js";
import { desiredDriver, driverInputRefusals } from "./driver-input.js";
import { formerOwnerOf } from "./former.js";
import { noteHostGpus } from "./host-gpus.js";
import { liveHostInputs, observedHost } from "./host-state.js";
import type { Lifecycle } from "./lifecycle.js";
import { machineLifecycle } from "./machine-lifecycle.js";
import { hostView } from "./machine-view.js";

const machine = machineLifecycle({
  kind: "VgpuHost",
  page: "docs/reference/vgpu-host.md",
  claim: "host",
  journals: ["nvidia-vgpud.service", "nvidia-vgpu-mgr.service", "pulumi-vgpu.service"],
  schema: vgpuHostSchema,
  table: {},
  view: hostView,
  desired: desiredHost,
  plan: planHost,
  planRemoval: planHostRemoval,
  localRefusals: (inputs) => driverInputRefusals(inputs.driver, "host", inputs.name),
  liveInputs: liveHostInputs,
  observed: observedHost,
  lostHistory: (inputs, facts) => lostHostHistory(Object.keys(inputs.gpus), facts),
  secretToken: () => undefined,
  notices: (facts, steps) =>
    [
      autostartNotice(facts),
      lostDriverNotice(facts, steps),
      dkmsNotice(facts, steps),
      secureBootNotice(facts, steps),
      clientsNotice(facts.driverClients, steps),
    ].filter((notice) => notice !== null),
  mayBeOffAtFirst: () => false,
});

/** The lifecycle of a VgpuHost. */
export const vgpuHost: Lifecycle = {
  ...machine,
  check: async (olds, news) => {
    const checked = await machine.check(olds, news);
    noteHostGpus(checked.inputs);
    return checked;
  },
};

function desiredHost(inputs: VgpuHostInputs): DesiredHost {
  return {
    name: inputs.name,
    owner: `${inputs.owner}/${inputs.name}`,
    formerOwner: formerOwnerOf("VgpuHost", inputs),
    driver: desiredDriver(inputs.driver, "host"),
    gpus: inputs.gpus,
    reboot: { allow: inputs.reboot.allow, deadlineMs: inputs.reboot.deadlineMinutes * 60_000 },
    rebootDisruption: "reboots-host",
    bootFiles: bootFileHashes(),
  };
}
