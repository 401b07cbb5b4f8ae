import type { HostFacts } from "../../model/facts.js";
import { onMachine } from "../driver/driver-steps.js";
import type { Step } from "../steps.js";

/** Whether our boot unit is there, enabled, and as this version writes it. */
export function restoredAtBoot(facts: HostFacts, bootFiles: Readonly<Record<string, string>>): boolean {
  const present = Object.entries(bootFiles).every(([name, hash]) => facts.manifest.bootFiles[name] === hash);
  return present && facts.services["pulumi-vgpu.service"]?.enabled === true;
}

/** Returns what must be done until a reboot of the host brings back what it takes. */
export function bootUnitSteps(
  host: string,
  facts: HostFacts,
  bootFiles: Readonly<Record<string, string>>,
): Step[] {
  if (restoredAtBoot(facts, bootFiles)) return [];
  return [{ kind: "install-boot-unit", ...onMachine({ name: host }, "nothing restores vGPUs at boot") }];
}
