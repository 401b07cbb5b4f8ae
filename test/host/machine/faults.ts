import type { FaultRule } from "./protocol.js";

interface ArmedFault {
  readonly rule: FaultRule;
  seen: number;
}

const matches = (rule: FaultRule, name: string): boolean =>
  rule.name === undefined ||
  rule.name === name ||
  (rule.name.endsWith("*") && name.startsWith(rule.name.slice(0, -1)));

/** The faults armed on one machine. */
export class Faults {
  private armed: ArmedFault[] = [];

  arm(rule: FaultRule): void {
    this.armed.push({ rule, seen: 0 });
  }

  clear(): void {
    this.armed = [];
  }

  /** What shall happen to the command that begins now; counts it. */
  next(name: string): FaultRule["action"] | undefined {
    let action: FaultRule["action"] | undefined;
    for (const fault of this.armed) {
      if (fault.rule.action.kind === "refuse-channel" || !matches(fault.rule, name)) continue;
      fault.seen += 1;
      const first = fault.rule.nth ?? 1;
      if (fault.seen >= first && fault.seen < first + (fault.rule.times ?? 1)) action ??= fault.rule.action;
    }
    return action;
  }

  /** Whether the channel that is asked for now shall be refused; a channel has no name yet, so rules count all. */
  nextChannelRefused(): boolean {
    let refused = false;
    for (const fault of this.armed) {
      if (fault.rule.action.kind !== "refuse-channel") continue;
      fault.seen += 1;
      const first = fault.rule.nth ?? 1;
      refused ||= fault.seen >= first && fault.seen < first + (fault.rule.times ?? 1);
    }
    return refused;
  }
}
