import type { FactLines } from "../model/fact-lines.js";
import type {
  Distribution,
  DriverPackage,
  InstallationFacts,
  InstallerFolder,
} from "../model/installation-facts.js";

/** Returns what prerequisites.sh said. */
export function parseInstallation(lines: FactLines): InstallationFacts {
  const first = (tag: string) => lines.all(tag).map(([value = ""]) => value);
  const config = lines.one("kernel-config-file");
  const file = lines.one("module-file");
  return {
    distribution: parseDistribution(lines),
    libcHeaders: lines.one("libc-headers") === "yes",
    driverPackages: parsePackages(lines),
    packagesUnread: lines.one("packages-unread") || null,
    alternateInstall: lines.one("alternate-install") || null,
    xServers: lines
      .all("x-server")
      .map(([lock = "", pid = "", name = ""]) => ({ lock, pid: Number(pid), name })),
    kernelConfig: config === "" ? null : { file: config, options: new Set(first("kernel-config")) },
    novaLoaded: first("nova-loaded"),
    novaBlockedBy: first("nova-blocked"),
    moduleOnDisk: file === "" ? null : { file, package: lines.one("module-package") || null },
    imagesKept: first("images-kept"),
    installerFolders: lines.all("installer-folder").map(parseInstallerFolder),
    driverFolders: lines.all("driver-folder").map(parseInstallerFolder),
  };
}

function parseInstallerFolder([
  path = "",
  mount = "",
  free = "",
  options = "",
]: readonly string[]): InstallerFolder {
  return {
    path,
    mount,
    freeKib: /^\d{1,15}$/.test(free) ? Number(free) : null,
    options: options.split(",").filter((word) => word !== ""),
  };
}

function parseDistribution(lines: FactLines): Distribution {
  const fields = new Map(
    lines
      .all("os-release")
      .map(([key = "", value = ""]) => [key, value.trim().replace(/^(["'])(.*)\1$/, "$2")]),
  );
  const like = (fields.get("ID_LIKE") ?? "").toLowerCase().split(/\s+/);
  return {
    id: (fields.get("ID") ?? "").toLowerCase(),
    like: like.filter((word) => word !== ""),
    version: fields.get("VERSION_ID") ?? "",
  };
}

/** A package that holds nothing itself and stands for a whole driver counts where that driver is there. */
function parsePackages(lines: FactLines): DriverPackage[] {
  const drivers = lines.all("distribution-driver");
  const all = drivers.length === 0 ? [] : [...drivers, ...lines.all("driver-metapackage")];
  return all.map(([name = "", state = ""]) => ({ name, held: state.startsWith("h") }));
}
