import { type Board, boardFamilies } from "../../catalog/boards.js";
import { nearestTypes } from "../../catalog/nearest-types.js";
import { findVgpuType, isKnownFamily, typesOfBoard } from "../../catalog/types.js";
import { parsePciAddress } from "../../model/pci-address.js";
import { parseVgpuTypeName, shortTypeName, type VgpuTypeName } from "../../model/vgpu-type.js";
import { byResource, compareText, type DeclaredOnGpu, groupsOf, type Refusal, refusal } from "./program.js";

interface Claimant {
  readonly resource: string;
  readonly host: string;
  readonly gpu: string;
  readonly type: string;
  readonly name: VgpuTypeName;
}

/**
 * Returns what is wrong with the vGPUs declared for one GPU, taken together: types of different boards, MIG-backed beside
 * time-sliced ones, different framebuffer sizes, more than the GPU holds. `board` is `null` while the GPU is not known.
 * Types that no vGPU can have are left out: `checkVgpu` refuses them.
 */
export function checkGpuSet(vgpus: readonly DeclaredOnGpu[], board: Board | null): Refusal[] {
  const claimants = byResource(vgpus).flatMap((vgpu): Claimant[] => {
    const name = parseVgpuTypeName(vgpu.type);
    return name === null ? [] : [{ ...vgpu, type: shortTypeName(vgpu.type), name }];
  });
  const mixed = familyRefusal(claimants, board) ?? sharingRefusal(claimants) ?? sizeRefusal(claimants);
  return mixed === undefined ? capacityRefusals(claimants) : [mixed];
}

function refusalOfSet(
  claimants: readonly Claimant[],
  parts: Omit<Parameters<typeof refusal>[1], "property">,
): Refusal {
  const first = claimants[0];
  const gpu = parsePciAddress(first?.gpu ?? "") ?? first?.gpu;
  return refusal(first?.resource ?? "", { where: `${first?.host} ${gpu}`, property: "type", ...parts });
}

function listed(claimants: readonly Claimant[]): string {
  return claimants.map(({ resource, type }) => `${resource} (${type})`).join(", ");
}

function familyOf(claimant: Claimant): string {
  return claimant.name.gpu.toLowerCase();
}

function familyRefusal(claimants: readonly Claimant[], board: Board | null): Refusal | undefined {
  const ofBoard = board === null ? [] : boardFamilies(board);
  const foreign = claimants.filter((one) => !ofBoard.includes(familyOf(one)) && isKnownFamily(familyOf(one)));
  if (board !== null && ofBoard.length > 0 && foreign.length > 0) {
    return refusalOfSet(foreign, {
      code: "VGPU_UNKNOWN_TYPE",
      what: `the GPU is another board, ${board.name}`,
      saw: `${listed(foreign)} (declared)`,
      expected: `types of this board: ${sameShape(foreign, board).join(", ")} (catalog)`,
      next: "correct type, or gpu if another GPU is meant",
    });
  }
  const families = [...groupsOf(claimants, familyOf).values()];
  if (families.length < 2 || claimants.every((one) => ofBoard.includes(familyOf(one)))) return undefined;
  return refusalOfSet(claimants, {
    code: "VGPU_UNKNOWN_TYPE",
    what: "vGPU types of different boards are declared for one GPU",
    saw: `${families.map(listed).join("; ")} (declared)`,
    expected: "types that begin with one board's name",
    next: "correct type, or gpu where another GPU is meant",
  });
}

/** The board's types with the sizes and series that were asked for, or all of its names' beginnings. */
function sameShape(claimants: readonly Claimant[], board: Board): readonly string[] {
  const wanted = new Set(claimants.map(({ name }) => `${name.framebufferMiB}${name.series}`));
  const same = typesOfBoard(board)
    .filter((type) => !type.migBacked && wanted.has(`${type.framebufferMiB}${type.series}`))
    .map((type) => type.shortName);
  return same.length > 0 ? same : (board.typeFamilies ?? []).map((family) => `${shortTypeName(family)}-…`);
}

/** With MIG on, a GPU offers no time-sliced type, and the other way round. */
function sharingRefusal(claimants: readonly Claimant[]): Refusal | undefined {
  const migBacked = claimants.filter(({ name }) => name.migSlices !== null);
  const timeSliced = claimants.filter(({ name }) => name.migSlices === null);
  if (migBacked.length === 0 || timeSliced.length === 0) return undefined;
  return refusalOfSet(claimants, {
    code: "VGPU_SIZE_CONFLICT",
    what: "MIG-backed and time-sliced vGPUs are declared for one GPU",
    saw: `MIG-backed: ${listed(migBacked)}; time-sliced: ${listed(timeSliced)} (declared)`,
    expected: "either MIG-backed or time-sliced vGPUs on a GPU",
    next: "give all of them types of one kind, or move one kind to another GPU",
  });
}

/** Equal-size mode: one framebuffer size on a GPU, series may mix. MIG-backed vGPUs are bound by their instances instead. */
function sizeRefusal(claimants: readonly Claimant[]): Refusal | undefined {
  const timeSliced = claimants.filter(({ name }) => name.migSlices === null);
  const sizes = [...groupsOf(timeSliced, ({ name }) => String(name.framebufferMiB))].toSorted(
    ([a], [b]) => Number(a) - Number(b),
  );
  if (sizes.length < 2) return undefined;
  return refusalOfSet(timeSliced, {
    code: "VGPU_SIZE_CONFLICT",
    what: `vGPUs of ${sizes.length} framebuffer sizes are declared for one GPU in equal-size mode`,
    saw: `${sizes.map(([size, group]) => `${size} MiB: ${listed(group)}`).join("; ")} (declared)`,
    expected: "vGPUs of one framebuffer size on a GPU",
    next: `give all of them types of one size, or move some to another GPU${slips(timeSliced)}`,
  });
}

/** A type that the catalog does not know may exist; beside others of another size it is more likely a slip. */
function slips(claimants: readonly Claimant[]): string {
  const types = [...new Set(claimants.map(({ type }) => type))].filter((type) => !findVgpuType(type));
  return types
    .map((type) => {
      const near = nearestTypes(type, { count: 2 });
      return `; the catalog has no ${type}${near.length > 0 ? `: is ${near.join(" or ")} meant?` : ""}`;
    })
    .join("");
}

function capacityRefusals(claimants: readonly Claimant[]): Refusal[] {
  const groups = groupsOf(claimants, ({ name, type }) =>
    name.migSlices === null ? "time-sliced" : type.toLowerCase(),
  );
  return [...groups]
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([, group]) => capacityRefusal(group))
    .filter((one) => one !== undefined);
}

/** Where series of one size mix, the one that allows the fewest limits them all. */
function capacityRefusal(group: readonly Claimant[]): Refusal | undefined {
  const known = group.flatMap((claimant) => {
    const most = findVgpuType(claimant.type)?.maxInstancesPerGpu;
    return most === undefined ? [] : [{ claimant, most }];
  });
  const limit = Math.min(...known.map(({ most }) => most));
  if (known.length <= limit) return undefined;
  const counted = known.map(({ claimant }) => claimant);
  const limiting = known.find(({ most }) => most === limit)?.claimant.type;
  return refusalOfSet(counted, {
    code: "VGPU_CAPACITY",
    what: `${known.length} vGPUs are declared for a GPU that holds ${limit} of them`,
    saw: `${listed(counted)} (declared)`,
    expected: `at most ${limit}, the limit of ${limiting} (catalog)`,
    next: "choose smaller types, or move some to another GPU",
  });
}
