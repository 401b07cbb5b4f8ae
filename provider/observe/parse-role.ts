import type { FactLines } from "../model/fact-lines.js";
import type { MachineRole } from "../model/facts.js";
import { manifestFiles } from "./parse-manifest.js";

/** Returns what role.sh said, and who manages the machine as what. */
export function parseRole(lines: FactLines): MachineRole {
  const first = (tag: string) => lines.all(tag).map((fields) => fields[0] ?? "");
  const files = manifestFiles(lines);
  const [virtual, virtualBy = ""] = lines.all("virtual")[0] ?? [];
  return {
    hostOwner: files.get("host")?.get("owner") ?? null,
    guestOwner: files.get("guest")?.get("owner") ?? null,
    vgpuManager: first("vgpu-manager"),
    guestDriver: first("guest-driver"),
    virtual: virtual === undefined ? null : virtual === "yes",
    virtualBy,
    vmPrograms: first("vm-program"),
  };
}
