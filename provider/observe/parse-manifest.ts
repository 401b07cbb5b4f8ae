import type { FactLines, RecordFields } from "../model/fact-lines.js";
import type { GuestManifest, HostManifest, MachineManifest, VgpuRecord } from "../model/facts.js";
import type { SettingRecord } from "../model/gpu-settings.js";
import { settings } from "../settings/order.js";

/** The paths of records: a GPU's has its address, a vGPU's its UUID. */
export const recordPath =
  /^(?:[a-z-]{1,32}|gpu\/[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]|vgpu\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/**
 * Returns the fields of every file of our manifest, by path below `/etc/pulumi-vgpu`. One that a record has twice, or with
 * control characters or line ends of Unicode's, is as good as none: somebody bent it.
 */
export function manifestFiles(lines: FactLines): ReadonlyMap<string, RecordFields> {
  const files = new Map<string, Map<string, string>>();
  for (const fields of lines.all("manifest")) {
    const line = fields.join("\t");
    const equals = line.indexOf("=");
    const colon = line.lastIndexOf(":", equals);
    const [path, key, value] = [
      line.slice(0, Math.max(colon, 0)),
      line.slice(colon + 1, equals),
      line.slice(equals + 1),
    ];
    if (!recordPath.test(path) || !/^[a-zA-Z]+$/.test(key)) continue;
    const file = files.get(path) ?? new Map<string, string>();
    files.set(path, file.set(key, file.has(key) || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(value) ? "" : value));
  }
  return files;
}

/** Returns what our manifest notes about the machine, claimed as `"host"` or as `"guest"`. */
export function parseMachineManifest(lines: FactLines, claim: "host" | "guest"): MachineManifest {
  const files = manifestFiles(lines);
  const owner = files.get(claim);
  const driver = ownRecord(files, claim, "driver");
  const blockBoot = ownRecord(files, claim, "nouveau")?.get("boot");
  const state = stateOf(driver);
  return {
    format: formatOf(files),
    owner: owner?.get("owner") ?? null,
    nouveauFound: owner?.get("nouveau") === "loaded",
    nouveauBlock: stateOf(ownRecord(files, claim, "nouveau")),
    ...(blockBoot === undefined ? {} : { nouveauBlockBoot: blockBoot }),
    driver: state && { state, version: driver?.get("version") ?? "", bootId: driver?.get("boot") ?? "" },
  };
}

function formatOf(files: ReadonlyMap<string, RecordFields>): string {
  return files.get("format")?.get("format") ?? "1";
}

/** A guest's records have names of their own; in format 1 they were called like a host's. */
function ownRecord(
  files: ReadonlyMap<string, RecordFields>,
  claim: "host" | "guest",
  name: "driver" | "nouveau",
): RecordFields | undefined {
  const guestOnly = formatOf(files) === "1" && files.has("guest") && !files.has("host");
  if (claim === "host") return guestOnly ? undefined : files.get(name);
  return files.get(`guest-${name}`) ?? (guestOnly ? files.get(name) : undefined);
}

/** Returns what our manifest notes about the host. */
export function parseHostManifest(lines: FactLines): HostManifest {
  // Keys are what a machine says, `constructor` too.
  const gpus: Record<string, HostManifest["gpus"][string]> = Object.create(null);
  const vgpus: VgpuRecord[] = [];
  const files = manifestFiles(lines);
  for (const [path, fields] of files) {
    if (path.startsWith("gpu/")) gpus[path.slice(4)] = gpuRecord(fields);
    if (path.startsWith("vgpu/")) vgpus.push(vgpuRecord(path.slice(5), fields));
  }
  return {
    ...parseMachineManifest(lines, "host"),
    formerStacks: (files.get("host")?.get("former") ?? "").split(" ").filter(Boolean),
    bootFiles: Object.fromEntries(lines.all("boot-file").map(([name = "", hash = ""]) => [name, hash])),
    gpus,
    vgpus: vgpus.sort((a, b) => a.uuid.localeCompare(b.uuid)),
  };
}

/** Returns what our manifest notes about the guest. */
export function parseGuestManifest(lines: FactLines): GuestManifest {
  const state = stateOf(manifestFiles(lines).get("gridd"));
  return { ...parseMachineManifest(lines, "guest"), gridd: state && { state } };
}

function stateOf(fields: RecordFields | undefined): "intent" | "done" | null {
  if (fields === undefined) return null;
  return fields.get("state") === "done" ? "done" : "intent";
}

/** Returns what the settings noted of a GPU, each its part. */
function gpuRecord(fields: RecordFields): SettingRecord {
  const parts = settings.map(({ parseRecord }) => parseRecord?.(fields) ?? {});
  return Object.assign({}, ...parts);
}

function vgpuRecord(uuid: string, fields: RecordFields): VgpuRecord {
  return {
    uuid,
    state: stateOf(fields) ?? "intent",
    owner: fields.get("owner") ?? "",
    name: fields.get("name") ?? "",
    carrier: fields.get("gpu") ?? fields.get("parent") ?? "",
    parent: fields.get("parent") ?? "",
    typeName: fields.get("type") ?? "",
    keep: fields.get("keep") === "yes",
    adopted: fields.get("adopted") === "yes",
  };
}
