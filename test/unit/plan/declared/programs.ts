import { errorText } from "../../../../provider/model/errors.js";
import type {
  DeclaredGuest,
  DeclaredHost,
  DeclaredOnGpu,
  DeclaredProgram,
  Refusal,
} from "../../../../provider/plan/declared/program.js";

/** A host with one GPU that nothing is wrong with. */
export function hostOf(changes: Partial<DeclaredHost> = {}): DeclaredHost {
  return {
    resource: "gpu-01",
    connectionKey: "gpu-01.lab:22",
    release: "17.4",
    packageName: "NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run",
    gpus: { "0000:3b:00.0": { usage: "vgpu" } },
    ...changes,
  };
}

/** A vGPU on that host's GPU. */
export function vgpuOf(changes: Partial<DeclaredOnGpu> = {}): DeclaredOnGpu {
  return {
    resource: "desk-1",
    host: "gpu-01",
    gpu: "0000:3b:00.0",
    type: "A40-8Q",
    uuid: "",
    keep: false,
    ...changes,
  };
}

/** vGPUs desk-1, desk-2, … of these types, with UUIDs of their own. */
export function vgpusOf(...types: readonly string[]): DeclaredOnGpu[] {
  return types.map((type, index) =>
    vgpuOf({ resource: `desk-${index + 1}`, type, uuid: `uuid-${index + 1}` }),
  );
}

/** A guest that nothing is wrong with. */
export function guestOf(changes: Partial<DeclaredGuest> = {}): DeclaredGuest {
  return {
    resource: "desk-1-driver",
    connectionKey: "desk-1.lab:22",
    hostRelease: "17.4",
    release: "17.4",
    packageName: "NVIDIA-Linux-x86_64-550.127.05-grid.run",
    device: null,
    ...changes,
  };
}

export function programOf(changes: Partial<DeclaredProgram> = {}): DeclaredProgram {
  return { hosts: [hostOf()], vgpus: [], guests: [], ...changes };
}

/** The full texts of refusals. */
export function textsOf(refusals: readonly Refusal[]): readonly string[] {
  return refusals.map(({ parts }) => errorText(parts));
}

/** Each refusal as resource, code and property, in short. */
export function briefOf(refusals: readonly Refusal[]): readonly string[] {
  return refusals.map(({ resource, parts }) => `${resource} ${parts.code} ${parts.property}`);
}
