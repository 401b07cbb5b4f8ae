import { startOf } from "../model/errors.js";
import { countOf, type FactLines, type Links } from "../model/fact-lines.js";
import type { GpuFacts, GpuInterface, Holder, LiveVgpu, OfferedType } from "../model/facts.js";
import type { SettingFacts } from "../model/gpu-settings.js";
import { settings } from "../settings/order.js";
import type { SeenGpu } from "../settings/setting.js";
import { holdersByFile } from "./parse-holders.js";
import { parseLinks } from "./parse-links.js";
import { mdevsOn } from "./parse-mdevs.js";
import { parseSmiTypes } from "./parse-smi-types.js";

/** Returns the GPUs of host.sh's answer, physical functions only, in the order of their addresses. */
export function parseGpus(lines: FactLines): GpuFacts[] {
  const links = parseLinks(lines);
  const holders = holdersByFile(lines);
  return lines
    .all("gpu")
    .map(([address = "", id = "", subsystem = "", bootVga = ""]) => {
      const own = links.get(address);
      const ofSettings = settingFacts({ lines, links, address });
      const offered = offeredTypes(lines, address);
      const vgpuInterface = interfaceOf(lines, address);
      const vgpus = [
        ...nvidiaMdevs(lines, [address, ...ofSettings.virtualFunctions.map((vf) => vf.vfAddress)], holders),
        ...vendorVgpusOf(lines, { address, links, holders, offered }),
      ];
      const facts = {
        address,
        deviceId: `10de:${bare(id)}`,
        subsystemId: subsystem.split(":").map(bare).join(":"),
        driver: own?.get("driver") ?? null,
        bootVga: bootVga === "1",
        iommuGroup: countOf(own?.get("iommu_group")),
        ...ofSettings,
        kernelLog: kernelLogOf(lines, address),
        vgpuInterface,
        offeredTypes: offered,
        allTypesKnown:
          vgpuInterface !== "vendor-vfio" || vgpus.length === 0 || smiAnswered(lines, address, vgpus),
        vgpus,
      };
      return { ...facts, absence: absenceOf(facts) };
    })
    .sort((a, b) => a.address.localeCompare(b.address));
}

function kernelLogOf(lines: FactLines, address: string): string[] {
  const said = lines.all("gpu-log").filter((fields) => fields[0] === address);
  return said.slice(0, 12).map(([, line = ""]) => startOf(line, 300));
}

function bare(hex: string): string {
  return hex.replace(/^0x/, "");
}

/** Returns what the settings know of a GPU, each its part. */
function settingFacts(seen: SeenGpu): SettingFacts {
  const parts = settings.map(({ parse }) => parse?.(seen) ?? {});
  return Object.assign({}, ...parts);
}

function interfaceOf(lines: FactLines, address: string): GpuInterface | null {
  const at = lines.all("types-at").find((fields) => fields[0] === address);
  if (at !== undefined) return at[2] as GpuInterface;
  return lines.all("vendor-type").some((fields) => fields[0] === address) ? "vendor-vfio" : null;
}

/** Whether nvidia-smi listed the GPU's types: it then knows at least those that live. */
function smiAnswered(lines: FactLines, address: string, vgpus: readonly LiveVgpu[]): boolean {
  const known = new Set(smiTypesOf(lines, address).map(({ vgpuTypeId }) => vgpuTypeId));
  return vgpus.every(({ vgpuTypeId }) => vgpuTypeId !== null && known.has(vgpuTypeId));
}

function smiTypesOf(lines: FactLines, address: string): OfferedType[] {
  const own = lines.all("smi-type").filter((fields) => fields[0] === address);
  return parseSmiTypes(own.map((fields) => fields[1] ?? ""));
}

function offeredTypes(lines: FactLines, address: string): OfferedType[] {
  const types = new Map<number, OfferedType>();
  for (const [gpu, id = "", name = "", available = "", description = ""] of lines.all("mdev-type")) {
    if (gpu !== address) continue;
    const vgpuTypeId = Number(id.slice(id.lastIndexOf("-") + 1));
    types.set(vgpuTypeId, {
      vgpuTypeId,
      name,
      framebufferMiB: countOf(/framebuffer=(\d+)M/.exec(description)?.[1]),
      maxInstances: countOf(/max_instance=(\d+)/.exec(description)?.[1]),
      available: countOf(available),
    });
  }
  const asked = lines.all("types-at").some(([gpu, , way]) => gpu === address && way === "vendor-vfio");
  for (const type of smiTypesOf(lines, address))
    types.set(type.vgpuTypeId, { ...type, available: asked ? 0 : null });
  for (const [gpu, line = ""] of lines.all("creatable")) {
    const type = gpu === address ? parseCreatable(line) : null;
    if (type !== null) types.set(type.vgpuTypeId, { ...(types.get(type.vgpuTypeId) ?? type), available: 1 });
  }
  return [...types.values()].sort((a, b) => a.vgpuTypeId - b.vgpuTypeId);
}

/** Returns one line of `creatable_vgpu_types`, in any of its seen forms. Source: mdev.md section 2 C. */
export function parseCreatable(line: string): OfferedType | null {
  const text = line.trim();
  const colon = text.indexOf(":");
  const [first, last] = [text.slice(0, Math.max(colon, 0)).trimEnd(), text.split(/\s/).at(-1) ?? ""];
  const byNumber = /^\d+$/.test(first);
  const [id, name] = byNumber
    ? [first, text.slice(colon + 1).trimStart()]
    : [last, text.slice(0, text.length - last.length).trimEnd()];
  if (!/^\d+$/.test(id) || name === "" || (!byNumber && /^ID\b/.test(name))) return null;
  return { vgpuTypeId: Number(id), name, ...unsaid };
}

/** What the list does not say of a type that it names. */
const unsaid = { framebufferMiB: null, maxInstances: null, available: 1 } as const;

/** A type of NVIDIA's is known by its name; its directory only carries a number. */
function nvidiaMdevs(
  lines: FactLines,
  functions: readonly string[],
  holders: ReadonlyMap<string, Holder[]>,
): LiveVgpu[] {
  return mdevsOn(lines, functions, holders).map(({ typeFolder, name, ...mdev }) => ({
    ...mdev,
    vgpuTypeId: Number(typeFolder.slice(typeFolder.lastIndexOf("-") + 1)),
    typeName: name || null,
  }));
}

function vendorVgpusOf(
  lines: FactLines,
  gpu: {
    readonly address: string;
    readonly links: Links;
    readonly holders: ReadonlyMap<string, Holder[]>;
    readonly offered: readonly OfferedType[];
  },
): LiveVgpu[] {
  const live: LiveVgpu[] = [];
  for (const [address, index = "", current = ""] of lines.all("vendor-type")) {
    if (address !== gpu.address || current === "0" || current === "") continue;
    const parent = gpu.links.get(gpu.address)?.get(`virtfn${index}`) ?? "";
    const group = gpu.links.get(parent)?.get("iommu_group") ?? "";
    const vgpuTypeId = Number(current);
    const typeName = gpu.offered.find((type) => type.vgpuTypeId === vgpuTypeId)?.name ?? null;
    const held = gpu.holders.get(`/dev/vfio/${group}`) ?? gpu.holders.get(parent) ?? [];
    live.push({ mdevUuid: null, parent, vgpuTypeId, typeName, holders: held });
  }
  return live;
}

function absenceOf(gpu: Omit<GpuFacts, "absence">): string | null {
  if (gpu.offeredTypes.length > 0 || gpu.vgpus.length > 0) return null;
  if (gpu.driver === null) return "no driver is bound to the GPU";
  if (gpu.driver !== "nvidia") return `the GPU is bound to the driver ${gpu.driver}, not to the vGPU manager`;
  if (gpu.totalVfs > 0 && gpu.virtualFunctions.length === 0)
    return "it offers no types itself, and its virtual functions are off";
  if (gpu.vgpuInterface === "vendor-vfio") return "its virtual functions offer no creatable type now";
  return "the vGPU manager offers no types for it (nvidia-vgpud failed, unsupported board, or graphics display mode)";
}
