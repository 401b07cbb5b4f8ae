import type { HostFacts } from "../../../provider/model/facts.js";
import { bootFiles, gpuAddress, gpuFacts, hostFacts, managerVersion, serviceOf, vfAddress } from "./facts.js";

/** `owner` of `desiredHost`. */
export const owner = "shop/dev/gpu-01";
const running = {
  "nvidia-vgpud.service": serviceOf("active"),
  "nvidia-vgpu-mgr.service": serviceOf("active"),
};
/** The virtual functions of an A40, all on. */
export const vfs = Array.from({ length: 32 }, (_, vfIndex) => ({
  vfAddress: vfAddress(vfIndex),
  vfIndex,
  driver: "nvidia",
}));

/** A host on which everything that `desiredHost` declares is in place. */
export function finishedHost(): HostFacts {
  return hostFacts({
    installedDriver: managerVersion,
    loadedDriver: managerVersion,
    bootId: "boot-3",
    nouveauBlockedBy: ["/etc/modprobe.d/pulumi-vgpu-nouveau.conf"],
    services: { ...running, "pulumi-vgpu.service": serviceOf("active", true) },
    gpus: [gpuFacts({ driver: "nvidia", virtualFunctions: vfs, vgpuInterface: "mdev-on-vf", absence: null })],
    manifest: {
      owner,
      nouveauFound: true,
      nouveauBlock: "done",
      driver: { state: "done", version: managerVersion, bootId: "boot-2" },
      bootFiles,
      gpus: { [gpuAddress]: { vfs: 32 } },
    },
  });
}

/** The GPU with one vGPU, which a VM holds. */
export const withVgpu = gpuFacts({
  driver: "nvidia",
  vgpuInterface: "mdev-on-vf",
  absence: null,
  vgpus: [
    {
      mdevUuid: "11111111-2222-3333-4444-555555555555",
      parent: "0000:3b:00.4",
      vgpuTypeId: 562,
      typeName: "NVIDIA A40-8Q",
      holders: [{ pid: 4711, domainName: "desk-1" }],
    },
  ],
});
