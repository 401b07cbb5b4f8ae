import type { HostFacts } from "../../model/facts.js";

/** Whether mdevctl starts a vGPU by itself at boot: its definition says so, and udev finds the program that does it. */
export function startsByItself(uuid: string, facts: HostFacts): boolean {
  if (facts.autostartMissing !== null) return false;
  return facts.mdevDefinitions.some(({ mdevUuid, start }) => mdevUuid === uuid && start === "auto");
}

/**
 * Returns what the owner of a host should know of automatic definitions that are not ours and start nothing; `null` when
 * there are none. Ours never depend on them.
 */
export function autostartNotice(facts: HostFacts): string | null {
  const missing = facts.autostartMissing;
  if (missing === null) return null;
  const recorded = new Set(facts.manifest.vgpus.map(({ uuid }) => uuid));
  const others = facts.mdevDefinitions.filter(
    ({ mdevUuid, start }) => start === "auto" && !recorded.has(mdevUuid),
  );
  if (others.length === 0) return null;
  const names = others.map(({ mdevUuid, parent }) => `${mdevUuid} on ${parent}`).sort();
  return `mdevctl starts nothing at boot here: udev's rule runs ${missing}, which is not there. Defined as auto, not by us, and gone after a reboot: ${names.join(", ")}. A link at ${missing} to the program mends it`;
}
