import { expect } from "vitest";
import { runPreview, runUp } from "../../fleet/run.js";
import { type Bed, type HostBed, type HostKindName, smallHosts, vgpusOf } from "./bed.js";
import { changesSince, noteOf } from "./untouched.js";

/** The program of a made host. */
export function programOf(host: HostBed) {
  return host.program(vgpusOf(smallHosts[host.kind].type, 2));
}

/** Starts a host and brings it to two vGPUs. */
export async function madeHost(bed: Bed, name: string, kind: HostKindName): Promise<HostBed> {
  const host = await bed.host(name, kind);
  await runUp(programOf(host), host.statePath);
  return host;
}

/** Fails unless the next up finds nothing to do. */
export async function expectNothingToDo(host: HostBed): Promise<void> {
  const before = await noteOf(host.machine);
  const changes = await runUp(programOf(host), host.statePath);
  expect(new Set(Object.values(changes))).toEqual(new Set(["unchanged"]));
  expect(await changesSince(host.machine, before)).toEqual([]);
}

/** Returns the properties that preview names as changed behind Pulumi's back, by resource; `"gone"` for one that is not there. */
export async function driftOf(host: HostBed): Promise<Record<string, readonly string[]>> {
  const previews = await runPreview(programOf(host), host.statePath);
  const different = Object.entries(previews).filter(([, { changes }]) => changes !== false);
  return Object.fromEntries(
    different.map(([name, { changes, differs }]) => [name, changes === null ? ["gone"] : differs]),
  );
}
