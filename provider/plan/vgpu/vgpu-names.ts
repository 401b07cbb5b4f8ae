import type { ErrorParts } from "../../model/errors.js";
import type { HostFacts, VgpuRecord } from "../../model/facts.js";
import type { DesiredVgpu } from "../desired.js";

/** Whether a record is of the stack that declares a vGPU, under its present name or the one that it had before. */
export function isOfStack(record: VgpuRecord, self: DesiredVgpu): boolean {
  return record.owner === self.owner || record.owner === self.former?.owner;
}

/** Whether a record says owner and name of a vGPU as they are now. */
export function isNamedSo(record: VgpuRecord, self: DesiredVgpu): boolean {
  return record.owner === self.owner && record.name === self.name;
}

/**
 * Returns the request with the UUIDs that the declared vGPUs have on the host. A UUID that is made from names is that of
 * the first name: without this a renamed vGPU would look like one that nobody declares, and be retired for another.
 */
export function withRecordedUuids<
  Request extends { readonly self: DesiredVgpu; readonly declared: readonly DesiredVgpu[] },
>(request: Request, facts: HostFacts): Request {
  const { self } = request;
  const records = facts.manifest.vgpus.filter((record) => isOfStack(record, self));
  const declared = request.declared.map((vgpu) => {
    if (vgpu.uuidDerived !== true || records.some(({ uuid }) => uuid === vgpu.uuid)) return vgpu;
    const names = [vgpu.name, ...(vgpu.formerNames ?? [])];
    const found = records.find(({ name }) => names.includes(name));
    return found === undefined ? vgpu : { ...vgpu, uuid: found.uuid };
  });
  return { ...request, declared };
}

/** Returns why a new vGPU cannot have the UUID of its name: one that was called so before has it still. */
export function takenNameRefusal(self: DesiredVgpu, facts: HostFacts): ErrorParts | null {
  if (self.isNewByName !== true) return null;
  const record = facts.manifest.vgpus.find(({ uuid }) => uuid === self.uuid);
  if (record === undefined || record.owner !== self.owner || record.name === self.name) return null;
  return {
    code: "VGPU_CLAIM_CONFLICT",
    where: `${self.host} ${self.carrier} ${self.name}`,
    what: `the UUID that is made from this name is that of ${record.name}`,
    saw: `${self.uuid} is noted for ${record.name}, which was renamed (/etc/pulumi-vgpu/vgpu/${self.uuid})`,
    expected: "a UUID that no other vGPU of the host has",
    next: `declare a uuid for ${self.name}: any that uuidgen prints`,
    property: "uuid",
  };
}

/** Returns what a deletion says of a vGPU that another resource has; `null` where none has it. */
export function leftToAnother(self: DesiredVgpu, facts: HostFacts): string | null {
  const record = facts.manifest.vgpus.find(({ uuid }) => uuid === self.uuid);
  if (record === undefined || record.owner === self.owner) return null;
  const noted = `it is noted for ${record.owner} ${record.name}, not for ${self.owner} ${self.name}`;
  return `the vGPU ${self.uuid} is left in place: ${noted} (/etc/pulumi-vgpu/vgpu/${self.uuid}). If its stack was renamed and the run after that was cut off, pulumi up takes it on again`;
}
