import type { FactLines } from "../model/fact-lines.js";
import type { Holder } from "../model/facts.js";
import { parseLinks } from "./parse-links.js";

/** An mdev as sysfs shows it, whosever driver made it. */
interface SeenMdev {
  readonly mdevUuid: string;
  /** Name of the device that carries it. */
  readonly parent: string;
  /** Name of its type's directory, e.g. `"nvidia-558"`, `"mtty-2"`. */
  readonly typeFolder: string;
  /** What the type is called, `""` where the driver gives no name. */
  readonly name: string;
  readonly holders: readonly Holder[];
  /** Its removal waits in the kernel. */
  readonly removing?: true;
}

/** Returns the mdevs of these parents, in the order of their UUIDs. */
export function mdevsOn(
  lines: FactLines,
  parents: readonly string[],
  holders: ReadonlyMap<string, Holder[]>,
): SeenMdev[] {
  const links = parseLinks(lines);
  const details = new Map(lines.all("mdev-type-of").map((fields) => [fields[0], fields]));
  const vms = new Map(lines.all("mdev-vm").map(([uuid, name]) => [uuid, name]));
  const seen: SeenMdev[] = [];
  for (const [mdevUuid = "", parent = "", state = ""] of lines.all("mdev")) {
    if (!parents.includes(parent)) continue;
    const own = links.get(mdevUuid);
    // One whose removal waits has left the bus, and its group stands in its own line.
    const [, type = "", name = "", waiting = ""] = details.get(mdevUuid) ?? [];
    const vmName = vms.get(mdevUuid) ?? "";
    const typeFolder = own?.get("mdev_type") ?? type;
    const group = own?.get("iommu_group") ?? waiting;
    const held = holders.get(`/dev/vfio/${group}`) ?? holders.get(mdevUuid) ?? [];
    const named = held.length === 0 && vmName !== "" ? [{ pid: 0, domainName: vmName }] : held;
    const mdev = { mdevUuid, parent, typeFolder, name, holders: named };
    seen.push(state === "removing" ? { ...mdev, removing: true } : mdev);
  }
  return seen.sort((a, b) => a.mdevUuid.localeCompare(b.mdevUuid));
}
