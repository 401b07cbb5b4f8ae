import type { FactLines } from "../model/fact-lines.js";
import type { DriverClient } from "../model/facts.js";

/** The vGPU manager's own: sriov-manage is made to run beside them. Source: mdev.md section 3, programs.md section 5 */
const ownUnits: ReadonlySet<string> = new Set(["nvidia-vgpud.service", "nvidia-vgpu-mgr.service"]);
const ownNames: ReadonlySet<string> = new Set(["nvidia-vgpud", "nvidia-vgpu-mgr"]);

/** Returns who has NVIDIA's driver open, by process, without the vGPU manager's own services. */
export function parseDriverClients(lines: FactLines): DriverClient[] {
  const files = new Map<number, Set<string>>();
  for (const [pid = "", file = ""] of lines.all("client")) {
    const number = Number(pid);
    files.set(number, (files.get(number) ?? new Set<string>()).add(file.replace(/ \(deleted\)$/, "")));
  }
  const named = new Map(
    lines.all("client-of").map(([pid = "", name = "", group = ""]) => [pid, { name, group }]),
  );
  return [...files]
    .map(([pid, open]) => {
      const { name, group } = named.get(String(pid)) ?? { name: "", group: "" };
      return { pid, name: name.trim(), ...unitOf(group.trim()), files: [...open].sort() };
    })
    .filter(({ name, unit }) => (unit === null ? !ownNames.has(name) : !ownUnits.has(unit)))
    .sort((a, b) => a.pid - b.pid);
}

/** The unit is the first part of a control group's path that is no slice; what runs deeper is a container's, or a user's. */
function unitOf(group: string): Pick<DriverClient, "unit" | "service"> {
  const parts = group.split("/").filter((part) => part !== "" && !part.endsWith(".slice"));
  const [unit = ""] = parts;
  if (!/\.(service|scope)$/.test(unit)) return { unit: null, service: false };
  return { unit, service: parts.length === 1 && unit.endsWith(".service") };
}
