import type { ToolHandler } from "../types.js";
import type { PciBus } from "./pci-bus.js";
import type { PciFunction } from "./pci-function.js";

const classNames: Record<string, string> = {
  "0200": "Ethernet controller",
  "0300": "VGA compatible controller",
  "0302": "3D controller",
  "0604": "PCI bridge",
};

/** Returns a stand-in for lspci: `-D`, `-n`, `-nn`, `-k`, `-d vendor:device`, `-s address`. */
export function lspciTool(bus: PciBus): ToolHandler {
  return (call) => {
    const shown = bus.functions().filter((fn) => selects(fn, call.argv));
    return { code: 0, stdout: shown.map((fn) => describe(fn, call.argv)).join("") };
  };
}

function after(argv: readonly string[], option: string): string | undefined {
  const at = argv.findIndex((word) => word.startsWith(option));
  if (at < 0) return undefined;
  return argv[at] === option ? argv[at + 1] : argv[at]?.slice(option.length);
}

function selects(fn: PciFunction, argv: readonly string[]): boolean {
  const { vendor, device, address } = fn.identity;
  const [wantedVendor = "", wantedDevice = ""] = (after(argv, "-d") ?? ":").split(":");
  const place = after(argv, "-s");
  return (
    (wantedVendor === "" || wantedVendor.toLowerCase() === vendor) &&
    (wantedDevice === "" || wantedDevice.toLowerCase() === device) &&
    (place === undefined || address.endsWith(place))
  );
}

function describe(fn: PciFunction, argv: readonly string[]): string {
  const { vendor, device, classCode, address, subsystemVendor, subsystemDevice, revision } = fn.identity;
  const short = argv.includes("-D") ? address : address.replace(/^0000:/, "");
  const kind = classCode.slice(0, 4);
  const ids = `${vendor}:${device}`;
  const lines = argv.includes("-n")
    ? [`${short} ${kind}: ${ids} (rev ${revision})`]
    : [`${short} ${classNames[kind] ?? "Device"} [${kind}]: Device [${ids}] (rev ${revision})`];
  if (argv.includes("-k") || argv.includes("-nnk")) {
    lines.push(`\tSubsystem: Device [${subsystemVendor}:${subsystemDevice}]`);
    if (fn.driver !== undefined) lines.push(`\tKernel driver in use: ${fn.driver}`);
  }
  return `${lines.join("\n")}\n`;
}
