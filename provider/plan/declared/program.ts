import type { ErrorParts } from "../../model/errors.js";

/** A VgpuHost as the program declares it. */
export interface DeclaredHost {
  /** The resource's name in the program. */
  readonly resource: string;
  /** Equal for two resources that reach one machine, e.g. `"gpu-01.lab:22"`; `""` while it is not known. */
  readonly connectionKey: string;
  /** e.g. `"17.4"`; `null` if not declared or not known yet. */
  readonly release: string | null;
  /** File name of the driver package, with or without its folder. */
  readonly packageName: string | null;
  /** By PCI address, in any form `parsePciAddress` takes; `null` while they are not known. */
  readonly gpus: Readonly<Record<string, DeclaredGpu>> | null;
}

/** What a GPU of a host is declared to be used for. */
export interface DeclaredGpu {
  readonly usage: "vgpu";
}

interface DeclaredMdevDevice {
  readonly resource: string;
  /** Resource name of its VgpuHost. */
  readonly host: string;
  /** `""` while it is not known. */
  readonly uuid: string;
  /** Whether `uuid` was made from the resource's name: one that exists keeps the UUID that it has. */
  readonly uuidDerived?: boolean;
  /** Names that the resource had before (`aliases`). */
  readonly formerNames?: readonly string[];
  /** Whether the program protects or retains it (`protect`, `retainOnDelete`). */
  readonly keep: boolean;
  /** Whether the engine may keep it as it is, whatever the program says (`ignoreChanges`). */
  readonly asItIs?: boolean;
}

/** An MdevDevice on an NVIDIA GPU. */
export interface DeclaredOnGpu extends DeclaredMdevDevice {
  readonly gpu: string;
  /** Full or short name of its vGPU type. */
  readonly type: string;
}

/** An MdevDevice on a parent that is not NVIDIA's; no rule of the catalog applies to it. */
export interface DeclaredOnParent extends DeclaredMdevDevice {
  readonly parent: string;
  readonly mdevType: string;
}

/** An MdevDevice as the program declares it. */
export type DeclaredVgpu = DeclaredOnGpu | DeclaredOnParent;

/** Whether it is declared by `gpu` and `type`. */
export function isOnGpu(vgpu: DeclaredVgpu): vgpu is DeclaredOnGpu {
  return "gpu" in vgpu;
}

/** Whether two of one host are on one GPU or one parent. */
export function sameCarrier(a: DeclaredVgpu, b: DeclaredVgpu): boolean {
  if (isOnGpu(a)) return isOnGpu(b) && a.gpu === b.gpu;
  return !isOnGpu(b) && a.parent === b.parent;
}

/** An MdevDevice that is constructed while what it is declared on, and as what, is not known. */
export interface LateVgpu {
  readonly resource: string;
  /** Resource name of its VgpuHost. */
  readonly host: string;
  /** `""` while it is not known. */
  readonly uuid: string;
  /** Names that the resource had before, as far as they are known. */
  readonly formerNames: readonly string[];
}

/** A GuestDriverInstall as the program declares it. */
export interface DeclaredGuest {
  readonly resource: string;
  readonly connectionKey: string;
  /** Release of the host; `null` if not known: then `checkProgram` looks for it by way of `device`. */
  readonly hostRelease: string | null;
  readonly release: string | null;
  readonly packageName: string | null;
  /** Resource name of its MdevDevice. */
  readonly device: string | null;
  /** Resource names of VgpuHosts that have to be made before it. */
  readonly after?: readonly string[];
}

/** All that one run of a program declares, as far as it was constructed by then. */
export interface DeclaredProgram {
  readonly hosts: readonly DeclaredHost[];
  readonly vgpus: readonly DeclaredVgpu[];
  readonly guests: readonly DeclaredGuest[];
  /** vGPUs of which too little is known to judge them; what there is of them is not there for others to take away. */
  readonly late?: readonly LateVgpu[];
  /** What cannot be the arguments of a resource. */
  readonly wrong?: readonly Refusal[];
  /** Around one resource: those of the other kind whose machine is looked at without waiting for this one. */
  readonly others?: readonly DeclaredMachine[];
  /** With the first resource of a run that is a machine: all those that can be looked at beside each other, as the JSON of `DeclaredLook[]`. */
  readonly looks?: string;
}

/** A resource that manages a whole machine, which may turn out to be another's. */
export interface DeclaredMachine {
  readonly kind: "VgpuHost" | "GuestDriverInstall";
  readonly resource: string;
}

/** A machine whose connection waits for no resource. */
export interface DeclaredLook extends DeclaredMachine {
  /** As the program gives it: not checked yet. */
  readonly connection: unknown;
  readonly row: unknown;
}

/** The kinds of resources, as their types are called. */
export type ResourceKind = "VgpuHost" | "MdevDevice" | "GuestDriverInstall";

/** Why a declared resource cannot be. A conflict of several is told once, on the first of them by name. */
export interface Refusal {
  readonly resource: string;
  /** Set by `checkProgram`, and where the arguments are wrong altogether. */
  readonly kind?: ResourceKind;
  /** With `property` set. */
  readonly parts: ErrorParts & { readonly property: string };
}

/** Returns the refusal of one property of one resource; `where` is the resource unless given. */
export function refusal(
  resource: string,
  parts: Omit<Refusal["parts"], "where"> & { readonly where?: string },
): Refusal {
  return { resource, parts: { ...parts, where: parts.where ?? resource } };
}

/** Orders texts the same way on every machine and in every locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Returns the things in the order of their resources' names. */
export function byResource<T extends { readonly resource: string }>(things: readonly T[]): T[] {
  return things.toSorted((a, b) => compareText(a.resource, b.resource));
}

/** Returns the things that have a key in groups of equal ones; `""` is no key. Groups and their members keep the given order. */
export function groupsOf<T>(
  things: readonly T[],
  keyOf: (thing: T) => string,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const thing of things) {
    const key = keyOf(thing);
    if (key === "") continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [thing]);
    else group.push(thing);
  }
  return groups;
}
