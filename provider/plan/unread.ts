import type { ErrorParts } from "../model/errors.js";
import type { MachineFacts, UnreadPart } from "../model/facts.js";
import type { Plan, Step } from "./steps.js";

/** What a part of the look tells, and which steps must not be taken without it. */
interface Need {
  readonly what: string;
  readonly expected: string;
  readonly steps: readonly Step["kind"][];
}

const needs: Readonly<Record<UnreadPart["part"], Need>> = {
  processes: {
    what: "cannot tell which VMs run and what they use",
    expected: "all of the machine's processes, with the files that they have open",
    steps: [
      "reboot-machine",
      "install-driver",
      "uninstall-driver",
      "enable-vfs",
      "disable-vfs",
      "retire-vgpu",
    ],
  },
};

/** Returns why these steps may not be taken on what was seen: something that they need to know could not be read. */
export function unreadRefusals(where: string, facts: MachineFacts, steps: readonly Step[]): ErrorParts[] {
  return facts.unread.flatMap(({ part, saw }) => {
    const need = needs[part];
    const held = steps.filter((step) => need.steps.includes(step.kind));
    if (held.length === 0) return [];
    return [
      {
        code: "VGPU_PREREQUISITE" as const,
        where,
        what: need.what,
        saw: `${saw}; to be done: ${[...new Set(held.map((step) => step.kind))].join(", ")}`,
        expected: need.expected,
        next: "look for the cause on the machine, run again",
      },
    ];
  });
}

/** Returns the plan, or its refusal where something that its steps need to know could not be read. */
export function unlessUnread(where: string, facts: MachineFacts, plan: Plan): Plan {
  const refusals = unreadRefusals(where, facts, plan.steps);
  return refusals.length === 0 ? plan : { steps: [], refusals: [...plan.refusals, ...refusals] };
}
