import type { ErrorParts } from "../model/errors.js";
import type { MachineFacts, UnreadPart } from "../model/facts.js";
import { needsPart } from "./step-needs.js";
import type { Plan, Step } from "./steps.js";

/** What a part of the look tells. */
interface Need {
  readonly what: string;
  readonly expected: string;
}

const needs: Readonly<Record<UnreadPart["part"], Need>> = {
  processes: {
    what: "cannot tell which VMs run and what they use",
    expected: "all of the machine's processes, with the files that they have open",
  },
  devices: {
    what: "cannot tell which GPUs and vGPUs there are",
    expected: "readable files of the kernel below /sys and /proc",
  },
  driver: {
    what: "cannot tell which driver is installed",
    expected: "an answer of modinfo, or that there is no module nvidia",
  },
  services: {
    what: "cannot tell which services run",
    expected: "an answer of systemctl show",
  },
  types: {
    what: "cannot tell of which types the vGPUs are",
    expected:
      "an answer of nvidia-smi vgpu -s within 20 s, which was asked again for 5 s where it found no GPU",
  },
  mdevctl: {
    what: "cannot tell which mdevs mdevctl defines",
    expected: "a list of mdevctl within 20 s, as JSON",
  },
  license: {
    what: "cannot tell the license settings",
    expected: "a readable /etc/nvidia/gridd.conf, or none",
  },
};

/** Returns why these steps may not be taken on what was seen: something that they need to know could not be read. */
export function unreadRefusals(where: string, facts: MachineFacts, steps: readonly Step[]): ErrorParts[] {
  return facts.unread.flatMap(({ part, saw }) => {
    const need = needs[part];
    const held = steps.filter((step) => needsPart(step, part));
    if (held.length === 0) return [];
    const kinds = [...new Set(held.map((step) => step.kind))].join(", ");
    return [refusalFor(where, need, `${saw}; to be done: ${kinds}`)];
  });
}

/**
 * Returns the plan, or its refusal where something that its steps need to know could not be read. A refusal by what was seen
 * of GPUs and vGPUs says nothing where not all of them were seen, nor does one by what types a GPU has where nobody could
 * tell them all: then that alone is told.
 */
export function unlessUnread(where: string, facts: MachineFacts, plan: Plan): Plan {
  const blind = facts.unread.find(({ part }) => part === "devices");
  if (blind !== undefined && plan.refusals.length > 0)
    return { steps: [], refusals: [refusalFor(where, needs.devices, blind.saw)] };
  const nameless = facts.unread.find(({ part }) => part === "types");
  if (nameless !== undefined && plan.refusals.some(({ code }) => code === "VGPU_UNKNOWN_TYPE"))
    return { steps: [], refusals: [refusalFor(where, needs.types, nameless.saw)] };
  const refusals = unreadRefusals(where, facts, plan.steps);
  return refusals.length === 0 ? plan : { steps: [], refusals: [...plan.refusals, ...refusals] };
}

function refusalFor(where: string, need: Need, saw: string): ErrorParts {
  return {
    code: "VGPU_PREREQUISITE",
    where,
    what: need.what,
    saw,
    expected: need.expected,
    next: "look for the cause on the machine, run again",
  };
}
