import type { ErrorParts } from "../../model/errors.js";
import type { HostFacts, HostManifest, LiveVgpu } from "../../model/facts.js";
import type { DesiredHost } from "../desired.js";
import { driverRemovalSteps, driverSteps, onMachine } from "../driver/driver-steps.js";
import { formatRefusals } from "../identity/record-format.js";
import { stackOf } from "../identity/vgpu-host.js";
import type { Plan, Step } from "../steps.js";
import { unreadRefusals } from "../unread.js";
import { type Carrier, carrierName, carriersOf, isGpu } from "../vgpu/carrier.js";
import { knownVgpus } from "../vgpu/vgpu-view.js";
import { bootUnitSteps } from "./boot-unit.js";
import { busyRefusals, hasOurSettings, settingRemovalSteps, settingSteps } from "./gpu-settings.js";
import { disruptionRefusals, hostRefusals } from "./host-refusals.js";
import { isOrphanOf, recordRemovalSteps } from "./record-removal.js";

const managerServices = ["nvidia-vgpud.service", "nvidia-vgpu-mgr.service"];

/** Returns what must be done, in order, until the host is as declared. */
export function planHost(desired: DesiredHost, facts: HostFacts): Plan {
  const steps = [
    ...claimSteps(desired, facts),
    ...managerSteps(desired, facts),
    ...(Object.keys(desired.gpus).length > 0 ? bootUnitSteps(desired.name, facts, desired.bootFiles) : []),
    ...settingSteps(desired, facts),
  ];
  const refusals = hostRefusals(desired, facts, steps);
  return { steps: refusals.length === 0 ? steps : [], refusals };
}

/** Returns what must be done, in order, until nothing of ours is on the host. */
export function planHostRemoval(desired: DesiredHost, facts: HostFacts): Plan {
  const steps = removalSteps(desired, facts);
  const refusals = [
    ...formatRefusals(desired.name, facts),
    ...removalRefusals(desired, facts),
    ...unreadRefusals(desired.name, facts, steps),
    ...busyRefusals(desired.name, facts, steps),
    ...disruptionRefusals(desired, facts, steps),
  ].slice(0, 1);
  return { steps: refusals.length === 0 ? steps : [], refusals };
}

/** Whether NVIDIA's driver or GPUs are declared, or were once: on any other host they are nobody's business here. */
function concernsNvidia(desired: DesiredHost, { manifest }: HostFacts): boolean {
  const declared = desired.driver !== null || Object.keys(desired.gpus).length > 0;
  const ours = manifest.driver !== null || manifest.nouveauBlock !== null;
  return declared || ours || manifest.nouveauFound || Object.keys(manifest.gpus).length > 0;
}

function claimSteps(desired: DesiredHost, facts: HostFacts): Step[] {
  if (facts.manifest.owner === desired.owner) return [];
  const { owner, nouveauFound } = facts.manifest;
  // What was found when the host was taken on stays noted through a change of names.
  const nouveauLoaded = owner === null ? concernsNvidia(desired, facts) && facts.nouveauLoaded : nouveauFound;
  const formerStacks = stacksBefore(desired.owner, facts.manifest);
  const claim = { kind: "claim-host", owner: desired.owner, nouveauLoaded, formerStacks } as const;
  const cause = owner === null ? "nobody manages the host yet" : `it is ${owner}, which was renamed`;
  return [{ ...claim, ...onMachine(desired, cause) }];
}

/** Returns the stacks that had the host before this one and may have vGPUs noted for them yet. */
function stacksBefore(owner: string, { owner: noted, formerStacks, vgpus }: HostManifest): string[] {
  const stacks = noted === null ? [] : [...formerStacks, stackOf(noted)];
  const waiting = (stack: string) => stack !== stackOf(owner) && vgpus.some((vgpu) => vgpu.owner === stack);
  return [...new Set(stacks)].filter(waiting);
}

function managerSteps(desired: DesiredHost, facts: HostFacts): Step[] {
  const steps = driverSteps(desired, facts, "vGPU manager");
  return steps.length > 0 || desired.driver === null ? steps : serviceSteps(desired, facts);
}

function serviceSteps(desired: DesiredHost, facts: HostFacts): Step[] {
  const states = managerServices.map((unit) => [unit, facts.services[unit]?.active ?? "unknown"] as const);
  const starting = states.filter(([, active]) => active === "activating").map(([unit]) => unit);
  if (starting.length > 0) {
    return [
      {
        kind: "await-services",
        services: starting,
        ...onMachine(desired, `${starting.join(", ")} starting`),
      },
    ];
  }
  // nvidia-vgpud pushes the types to the driver and then may exit: only the manager must stay up.
  if (facts.services["nvidia-vgpu-mgr.service"]?.active === "active") return [];
  const down = states.filter(([, active]) => active !== "active").map(([unit]) => unit);
  return [{ kind: "start-services", services: down, ...onMachine(desired, "nvidia-vgpu-mgr is not active") }];
}

function removalRefusals(desired: DesiredHost, facts: HostFacts): ErrorParts[] {
  const ours = facts.manifest.owner === desired.owner;
  if (!ours) return [];
  const live = carriersOf(facts).flatMap((carrier) =>
    knownVgpus(carrier, facts).map((known) => ({ carrier, known, vgpu: known.live })),
  );
  const stays = live.filter(({ known }) => !isOrphanOf(stackOf(desired.owner), known));
  const touched = stays.filter(({ carrier, vgpu }) => standsOnUs(carrier, vgpu, facts));
  if (touched.length === 0) return [];
  const text = touched.map(({ carrier, vgpu }) => {
    const users = vgpu.holders.map((holder) => holder.domainName).join(", ");
    return `${vgpu.typeName ?? vgpu.vgpuTypeId} on ${carrierName(carrier)} (${vgpu.mdevUuid ?? vgpu.parent})${users ? ` used by ${users}` : ""}`;
  });
  return [
    {
      code: "VGPU_IN_USE",
      where: desired.name,
      what: "cannot take the host's vGPU set-up away",
      saw: `${touched.length === 1 ? "1 vGPU exists" : `${touched.length} vGPUs exist`}: ${text.join("; ")}`,
      expected: touched.some(({ carrier }) => isGpu(carrier))
        ? "no vGPU on the GPUs that this resource manages"
        : "no mdev that only its boot unit brings back after a reboot",
      next: "shut their VMs down and remove these vGPUs first; those of other stacks belong to their owners",
    },
  ];
}

/** Whether a vGPU needs what destroy takes away: driver and settings of its GPU; on any other parent our boot unit. */
function standsOnUs(carrier: Carrier, vgpu: LiveVgpu, facts: HostFacts): boolean {
  const { manifest } = facts;
  if (isGpu(carrier)) return manifest.driver !== null || hasOurSettings(carrier, facts);
  const restores = Object.keys(manifest.bootFiles).length > 0;
  return restores && manifest.vgpus.some(({ uuid }) => uuid === vgpu.mdevUuid);
}

function removalSteps(desired: DesiredHost, facts: HostFacts): Step[] {
  if (facts.manifest.owner !== desired.owner) return [];
  const steps = [...recordRemovalSteps(desired, facts), ...settingRemovalSteps(desired.name, facts)];
  if (Object.keys(facts.manifest.bootFiles).length > 0) {
    steps.push({ kind: "remove-boot-unit", ...onMachine(desired, "we installed it") });
  }
  if (concernsNvidia(desired, facts)) steps.push(...driverRemovalSteps(desired, facts));
  return [...steps, { kind: "release-host", ...onMachine(desired, "nothing of ours is left") }];
}
