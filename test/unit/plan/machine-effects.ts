import type { GuestFacts, HostFacts, MachineFacts } from "../../../provider/model/facts.js";
import type { Step } from "../../../provider/plan/steps.js";
import { bootFiles, gpuFacts, serviceOf, vfAddress } from "./facts.js";

const ourBlock = "/etc/modprobe.d/pulumi-vgpu-nouveau.conf";

/** What a machine of the tests does that its facts do not say. */
export interface Nature {
  /** Whether the installer loads the module it built. */
  readonly installerLoads: boolean;
  /** Whether the vGPU manager's services run by themselves after a boot. */
  readonly servicesStart: boolean;
  /** Whether its kernel has nouveau. */
  readonly hasNouveau: boolean;
}

let boots = 1;

/** Returns what a host is after one step. */
export function hostAfter(step: Step, facts: HostFacts, nature: Nature): HostFacts {
  const manifest = facts.manifest;
  switch (step.kind) {
    case "release-host":
      return { ...facts, uploads: [], manifest: { ...manifest, owner: null, nouveauFound: false } };
    case "reboot-machine":
      return booted(facts, nature);
    case "await-services":
    case "start-services":
      return managed(facts, "active");
    case "install-boot-unit":
      return withUnit(facts, bootFiles);
    case "remove-boot-unit":
      return withUnit(facts, {});
    case "enable-vfs": {
      if (facts.loadedDriver === null) throw new Error("sriov-manage is not there");
      const gpus = { ...manifest.gpus, [step.gpu]: { vfs: step.count } };
      return withVfs({ ...facts, manifest: { ...manifest, gpus } });
    }
    case "disable-vfs": {
      const gpus = { ...manifest.gpus };
      delete gpus[step.gpu];
      return {
        ...facts,
        gpus: facts.gpus.map((gpu) =>
          gpu.address === step.gpu ? { ...gpu, virtualFunctions: [], vgpuInterface: null } : gpu,
        ),
        manifest: { ...manifest, gpus },
      };
    }
    default:
      return machineAfter(step, facts, nature);
  }
}

/** Returns what a guest is after one step. */
export function guestAfter(step: Step, facts: GuestFacts, nature: Nature): GuestFacts {
  const manifest = facts.manifest;
  switch (step.kind) {
    case "release-guest":
      return { ...facts, uploads: [], manifest: { ...manifest, owner: null, nouveauFound: false } };
    case "reboot-machine":
      return restarted(facts, nature);
    case "write-gridd-conf":
      return {
        ...facts,
        featureType: step.featureType,
        manifest: { ...manifest, gridd: { state: "intent" } },
      };
    case "write-token":
      return {
        ...facts,
        tokens: { ...facts.tokens, "client_configuration_token_pulumi-vgpu.tok": "cd".repeat(32) },
        manifest: { ...manifest, gridd: { state: "intent" } },
      };
    case "acquire-license":
      return { ...facts, licenseStatus: "Licensed", manifest: { ...manifest, gridd: { state: "done" } } };
    case "remove-license":
      return { ...facts, featureType: null, tokens: {}, manifest: { ...manifest, gridd: null } };
    default:
      return machineAfter(step, facts, nature);
  }
}

function machineAfter<Facts extends MachineFacts>(step: Step, facts: Facts, nature: Nature): Facts {
  const note = (changes: object) => ({ ...facts.manifest, ...changes });
  switch (step.kind) {
    case "claim-host":
    case "claim-guest":
      return { ...facts, manifest: note({ owner: step.owner, nouveauFound: step.nouveauLoaded }) };
    case "block-nouveau": {
      const others = facts.nouveauBlockedBy.filter((path) => path !== ourBlock);
      return {
        ...facts,
        nouveauBlockedBy: [...others, ourBlock],
        manifest: note({ nouveauBlock: "done", nouveauBlockBoot: facts.bootId }),
      };
    }
    case "unblock-nouveau": {
      const others = facts.nouveauBlockedBy.filter((path) => path !== ourBlock);
      return { ...facts, nouveauBlockedBy: others, manifest: note({ nouveauBlock: null }) };
    }
    case "upload-package":
    case "copy-package":
      return { ...facts, uploads: [...facts.uploads, step.package.sha256] };
    case "install-driver": {
      if (facts.nouveauLoaded) throw new Error("the installer refuses: nouveau is loaded");
      if (!facts.uploads.includes(step.package.sha256)) throw new Error("the package is not on the machine");
      const driver = { state: "done", version: step.version, bootId: facts.bootId };
      const loadedDriver = nature.installerLoads ? step.version : facts.loadedDriver;
      return { ...facts, installedDriver: step.version, loadedDriver, manifest: note({ driver }) };
    }
    case "uninstall-driver":
      if (step.replacement !== undefined && !facts.uploads.includes(step.replacement.sha256))
        throw new Error("what takes its place is not on the machine");
      return { ...facts, installedDriver: null, manifest: note({ driver: null }) };
    default:
      throw new Error(`no such step here: ${step.kind}`);
  }
}

function restarted<Facts extends MachineFacts>(facts: Facts, nature: Nature): Facts {
  boots += 1;
  const nouveauLoaded =
    nature.hasNouveau && facts.nouveauBlockedBy.length === 0 && facts.installedDriver === null;
  return { ...facts, bootId: `later-boot-${boots}`, nouveauLoaded, loadedDriver: facts.installedDriver };
}

function booted(facts: HostFacts, nature: Nature): HostFacts {
  const after = restarted(facts, nature);
  const off = after.gpus.map((gpu) => gpuFacts({ ...gpu, virtualFunctions: [], vgpuInterface: null }));
  const started = managed({ ...after, gpus: off }, nature.servicesStart ? "activating" : "inactive");
  const restores = facts.services["pulumi-vgpu.service"]?.enabled === true;
  return restores ? withVfs(started) : started;
}

function managed(facts: HostFacts, active: string): HostFacts {
  if (facts.loadedDriver === null) return facts;
  const services = {
    ...facts.services,
    "nvidia-vgpud.service": serviceOf(active),
    "nvidia-vgpu-mgr.service": serviceOf(active),
  };
  return { ...facts, services };
}

function withUnit(facts: HostFacts, files: Readonly<Record<string, string>>): HostFacts {
  const enabled = Object.keys(files).length > 0;
  const services = { ...facts.services, "pulumi-vgpu.service": serviceOf("inactive", enabled) };
  return { ...facts, services, manifest: { ...facts.manifest, bootFiles: files } };
}

/** The GPUs whose virtual functions the manifest wants on, with them on, as far as the driver is there. */
function withVfs(facts: HostFacts): HostFacts {
  if (facts.loadedDriver === null) return facts;
  const gpus = facts.gpus.map((gpu) => {
    const count = facts.manifest.gpus[gpu.address]?.vfs ?? 0;
    if (count === 0) return gpu;
    const virtualFunctions = Array.from({ length: count }, (_, vfIndex) => ({
      vfAddress: vfAddress(vfIndex),
      vfIndex,
      driver: "nvidia",
    }));
    return { ...gpu, virtualFunctions, vgpuInterface: "mdev-on-vf" as const, absence: null };
  });
  return { ...facts, gpus };
}
