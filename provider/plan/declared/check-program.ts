import { packageFacts } from "../../catalog/packages.js";
import { releasesOfManager } from "../../catalog/releases.js";
import { parsePciAddress } from "../../model/pci-address.js";
import { checkGpuSet } from "./gpu-set.js";
import { checkGuest, guestClaims } from "./guest.js";
import { checkHost, hostClaims } from "./host.js";
import {
  byResource,
  compareText,
  type DeclaredGuest,
  type DeclaredHost,
  type DeclaredOnGpu,
  type DeclaredProgram,
  type DeclaredVgpu,
  groupsOf,
  isOnGpu,
  type Refusal,
  type ResourceKind,
} from "./program.js";
import { checkVgpu, type TypesOn, vgpuClaims } from "./vgpu.js";

/**
 * Returns everything that can be seen to be wrong in a program before any host is asked. The order does not depend on the order of
 * declaration: hosts, vGPUs, guests, then the GPUs' sets and what several resources claim. Each conflict is told once.
 * `typesOn` gives the types of a vGPU's GPU where its host could be asked: they are offered for a mistyped one.
 */
export function checkProgram(program: DeclaredProgram, typesOn: TypesOn = () => undefined): Refusal[] {
  const { hosts, guests, wrong = [] } = program;
  const vgpus = program.vgpus.filter(({ asItIs }) => asItIs !== true);
  const hostOf = (vgpu: DeclaredVgpu) => hosts.find((host) => host.resource === vgpu.host) ?? null;
  const machineOf = (vgpu: DeclaredVgpu) => hostOf(vgpu)?.connectionKey || vgpu.host;
  return [
    ...byResource(wrong),
    ...on("VgpuHost", byResource(hosts).flatMap(checkHost)),
    ...on(
      "MdevDevice",
      byResource(vgpus).flatMap((vgpu) => checkVgpu(vgpu, hostOf(vgpu), typesOn)),
    ),
    ...on(
      "GuestDriverInstall",
      byResource(guests).flatMap((guest) => checkGuest(withHostRelease(guest, program))),
    ),
    ...on(
      "MdevDevice",
      gpuSets(vgpus, machineOf).flatMap((set) => checkGpuSet(set, null)),
    ),
    ...on("VgpuHost", hostClaims(hosts)),
    ...on("MdevDevice", vgpuClaims(program.vgpus, machineOf)),
    ...on("GuestDriverInstall", guestClaims(guests, hosts)),
  ];
}

function on(kind: ResourceKind, refusals: readonly Refusal[]): Refusal[] {
  return refusals.map((refused) => ({ ...refused, kind }));
}

function gpuSets(
  vgpus: readonly DeclaredVgpu[],
  machineOf: (vgpu: DeclaredVgpu) => string,
): readonly (readonly DeclaredOnGpu[])[] {
  const parsed = byResource(vgpus.filter(isOnGpu)).filter((vgpu) => parsePciAddress(vgpu.gpu) !== undefined);
  return [...groupsOf(parsed, (vgpu) => `${machineOf(vgpu)} ${parsePciAddress(vgpu.gpu)}`)]
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([, set]) => set);
}

function withHostRelease(guest: DeclaredGuest, { hosts, vgpus }: DeclaredProgram): DeclaredGuest {
  if (guest.hostRelease !== null || guest.device === null) return guest;
  const vgpu = vgpus.find((one) => one.resource === guest.device);
  const host = hosts.find((one) => one.resource === vgpu?.host);
  return { ...guest, hostRelease: host === undefined ? null : releaseOfHost(host) };
}

function releaseOfHost({ release, packageName }: DeclaredHost): string | null {
  if (release !== null) return release;
  const facts = packageName === null ? null : packageFacts(packageName);
  return facts === null ? null : (releasesOfManager(facts.version)[0]?.release ?? null);
}
