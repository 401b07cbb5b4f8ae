import type { HostFacts, VgpuRecord } from "../model/facts.js";
import type { DesiredVgpu } from "./desired.js";

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
