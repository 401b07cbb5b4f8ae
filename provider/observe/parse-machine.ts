import type { FactLines } from "../model/fact-lines.js";
import type { MachineFacts, ServiceFacts } from "../model/facts.js";
import { parseRunningVms } from "./parse-holders.js";
import { parseInstallation } from "./parse-installation.js";
import { parseRole } from "./parse-role.js";
import { parseUnread } from "./parse-unread.js";

/** Returns what machine.sh said; the manifest is read by the kind of machine. */
export function parseMachine(lines: FactLines): Omit<MachineFacts, "manifest"> {
  const first = (tag: string) => lines.all(tag).map((fields) => fields[0] ?? "");
  return {
    machineId: lines.one("machine-id"),
    bootId: lines.one("boot-id"),
    hostname: lines.one("hostname"),
    kernel: lines.one("kernel"),
    architecture: lines.one("architecture"),
    osName: lines.one("os").replace(/^"(.*)"$/, "$1"),
    secureBoot: parseSecureBoot(lines.one("secure-boot")),
    tools: new Set(first("tool")),
    kernelHeaders: lines.one("headers") === "yes",
    nouveauLoaded: lines.one("nouveau-loaded") === "yes",
    nouveauBlockedBy: first("nouveau-blocked"),
    installation: parseInstallation(lines),
    loadedDriver: lines.one("loaded-driver") || null,
    installedDriver: lines.one("installed-driver") || null,
    otherKernelDrivers: lines
      .all("other-kernel-driver")
      .map(([kernel = "", version = ""]) => ({ kernel, version })),
    dkmsDrivers: first("dkms-driver"),
    dkmsBuilt: first("dkms-built"),
    dkmsStatus: first("dkms"),
    services: parseServices(lines),
    runningVms: parseRunningVms(lines),
    unread: parseUnread(lines),
    uploads: first("upload"),
    role: parseRole(lines),
  };
}

/** With validation switched off in shim, or in setup mode, the kernel counts secure boot as off. Source: programs.md section 7 */
function parseSecureBoot(text: string): MachineFacts["secureBoot"] {
  if (/SecureBoot validation is disabled in shim|Platform is in Setup Mode/i.test(text)) return "disabled";
  if (/SecureBoot enabled/i.test(text)) return "enabled";
  const off = /^disabled$|SecureBoot disabled|doesn't support Secure Boot|EFI variables are not supported/i;
  return off.test(text) ? "disabled" : "unknown";
}

function parseServices(lines: FactLines): Record<string, ServiceFacts> {
  const raw = new Map<string, Map<string, string>>();
  for (const [unit = "", key = "", value = ""] of lines.all("service")) {
    const properties = raw.get(unit) ?? new Map<string, string>();
    raw.set(unit, properties.set(key, value));
  }
  const services: Record<string, ServiceFacts> = Object.create(null);
  for (const [unit, properties] of raw) {
    services[unit] = {
      load: properties.get("LoadState") ?? "not-found",
      active: properties.get("ActiveState") ?? "unknown",
      result: properties.get("Result") ?? "",
      enabled: properties.get("UnitFileState") === "enabled",
    };
  }
  return services;
}
