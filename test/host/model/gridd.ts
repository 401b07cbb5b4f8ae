import type { Machine, UnitHandler } from "../types.js";
import type { GuestState } from "./guest-state.js";

export const griddUnit = "nvidia-gridd.service";
export const griddConf = "/etc/nvidia/gridd.conf";
export const tokenFolder = "/etc/nvidia/ClientConfigToken";

const defaultDelayMs = 200;

/**
 * Returns the license daemon: it reads gridd.conf and exactly one token when it starts, and a license comes some time
 * later. Facts: guests.md section 4, sample-outputs/nvidia-gridd.log.txt
 */
export function griddHandler(guest: GuestState, machine: Machine): UnitHandler {
  let cancel: (() => void) | undefined;
  return {
    start: () => {
      cancel = startGridd(guest, machine);
    },
    stop: () => {
      cancel?.();
      if (guest.license === "licensed") say(machine, "License returned");
      setLicense(guest, "unlicensed");
    },
  };
}

/** Tells the host what `nvidia-smi vgpu -q` shows of this guest. */
export function setLicense(guest: GuestState, license: GuestState["license"], expiry?: string): void {
  guest.license = license;
  guest.licenseExpiry = expiry;
  if (guest.vgpu !== undefined && guest.driverWorks) guest.vgpu.vgpu.licenseStatus = licenseText(guest);
}

/** The status as nvidia-smi words it. */
export function licenseText(guest: GuestState): string {
  if (!guest.driverWorks) return "N/A";
  if (guest.license === "licensed") return `Licensed (Expiry: ${guest.licenseExpiry})`;
  return guest.license === "restricted" ? "Unlicensed (Restricted)" : "Unlicensed (Unrestricted)";
}

/** Product that a type's series is licensed as. Source: guests.md section 4 */
export function licensedProduct(series: string): string {
  const products: Record<string, string> = {
    A: "NVIDIA Virtual Applications",
    B: "NVIDIA Virtual PC",
    C: "NVIDIA Virtual Compute Server",
  };
  return products[series] ?? "NVIDIA RTX Virtual Workstation";
}

function startGridd(guest: GuestState, machine: Machine): (() => void) | undefined {
  say(machine, "Started (gridd)");
  say(machine, "vGPU Software package (0)");
  say(machine, "Ignore service provider licensing");
  if (!guest.driverWorks || guest.vgpu === undefined) {
    say(machine, "No GPU with vGPU software is here: nothing to license");
    return undefined;
  }
  const product = licensedProduct(guest.vgpu.vgpu.type.series);
  const feature = featureType(machine);
  if (feature === "0") {
    say(machine, "FeatureType 0: no license is asked for");
    return undefined;
  }
  if (feature !== "1") {
    say(machine, "Invalid feature requested for the underlying GSP firmware configuration.");
    return undefined;
  }
  const token = readToken(machine);
  if (token === undefined) {
    say(machine, "Unable to fetch the client configuration token file");
    return undefined;
  }
  say(machine, `Acquiring license. (Info: license server; ${product})`);
  return guest.later(guest.licensing.delayMs ?? defaultDelayMs, () => acquire(guest, machine, token));
}

function acquire(guest: GuestState, machine: Machine, token: string): void {
  const product = licensedProduct(guest.vgpu?.vgpu.type.series ?? "Q");
  const accepts = guest.licensing.accepts ?? ((text: string) => text.trim() !== "");
  if (!accepts(token)) {
    const why = "Requested feature was not found.";
    say(
      machine,
      `Failed to acquire/renew license from license server. (Info: license server; ${product} - Error: ${why})`,
    );
    return;
  }
  const expiry = expiryText(new Date(Date.now() + 24 * 3600 * 1000));
  setLicense(guest, "licensed", expiry);
  say(machine, `License acquired successfully. (Info: license server, ${product}; Expiry: ${expiry})`);
}

function expiryText(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace("T", " ")} GMT`;
}

/** The template's value is 0; so is that of a missing file. */
function featureType(machine: Machine): string {
  return /^\s*FeatureType\s*=\s*(\d+)/m.exec(machine.readFile(griddConf) ?? "")?.[1] ?? "0";
}

/** Exactly one token may lie there, and it must not be empty. */
function readToken(machine: Machine): string | undefined {
  const conf = machine.readFile(griddConf) ?? "";
  const folder = /^\s*ClientConfigTokenPath\s*=\s*(\S+)/m.exec(conf)?.[1] ?? tokenFolder;
  const names = machine.listDir(folder).filter((name) => name.endsWith(".tok"));
  if (names.length !== 1) return undefined;
  const text = machine.readFile(`${folder}/${names[0]}`) ?? "";
  return text.trim() === "" ? undefined : text;
}

function say(machine: Machine, line: string): void {
  machine.journal(griddUnit, line);
}
