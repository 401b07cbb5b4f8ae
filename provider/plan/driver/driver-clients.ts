import type { DriverClient } from "../../model/facts.js";
import { settingKind } from "../../settings/order.js";
import type { Step } from "../steps.js";

const mostNamed = 8;

/** Returns who has the driver open, e.g. `"nvidia-smi (process 812, dcgm.service) has /dev/nvidia0 open"`. */
export function clientsText(clients: readonly DriverClient[]): string {
  const named = clients.slice(0, mostNamed).map(({ pid, name, unit, files }) => {
    const where = unit === null ? `process ${pid}` : `process ${pid}, ${unit}`;
    return `${name || "an unnamed program"} (${where}) has ${files.slice(0, 3).join(", ")} open`;
  });
  const more = clients.length - named.length;
  return [...named, ...(more > 0 ? [`${more} more processes have them open`] : [])].join("; ");
}

/** Returns how these processes are ended: services by systemctl, anything else by whoever started it. */
export function stopAdvice(clients: readonly DriverClient[]): string {
  const services = clients.flatMap(({ unit, service }) => (service && unit !== null ? [unit] : []));
  const others = clients.filter(({ service }) => !service).map(({ pid }) => pid);
  const parts = [];
  if (services.length > 0)
    parts.push(`systemctl stop ${[...new Set(services)].slice(0, mostNamed).join(" ")}`);
  if (others.length > 0) {
    const pids = others.slice(0, mostNamed).join(", ");
    const who = others.length === 1 ? `process ${pids}` : `processes ${pids}`;
    parts.push(
      `end ${who}, in the container or the session that started ${others.length === 1 ? "it" : "them"}`,
    );
  }
  return parts.join("; ");
}

/**
 * Returns who may keep these steps from changing a GPU; `null` when nobody may, or no step is planned that they could
 * keep. It is told and not refused: one that asks the driver something for a moment is gone when the step's turn comes.
 */
export function clientsNotice(clients: readonly DriverClient[], steps: readonly Step[]): string | null {
  const step = steps.find(({ kind }) => settingKind(kind)?.refusedWhileOpen !== undefined);
  if (step === undefined || clients.length === 0) return null;
  return `${step.kind} fails while others have NVIDIA's driver open: ${clientsText(clients)}. Before it: ${stopAdvice(clients)}`;
}
