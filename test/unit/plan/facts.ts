import { type ErrorParts, errorText } from "../../../provider/model/errors.js";
import type {
  GpuFacts,
  GuestFacts,
  GuestManifest,
  HostFacts,
  HostManifest,
  MachineFacts,
  MachineManifest,
  MachineRole,
  ServiceFacts,
} from "../../../provider/model/facts.js";
import type { InstallationFacts } from "../../../provider/model/installation-facts.js";
import type { DesiredDriver, DesiredGuest, DesiredHost } from "../../../provider/plan/desired.js";
import { type Plan, type Step, stepText } from "../../../provider/plan/steps.js";

/** Driver versions that the tests declare: the parts of one release. */
export const managerVersion = "550.127.06";
export const guestVersion = "550.127.05";

/** Hash of the declared driver package. */
export const packageHash = "ab".repeat(32);

/** The address of the GPU that most tests declare. */
export const gpuAddress = "0000:3b:00.0";

export const bootFiles = { restore: "hash-of-restore", "pulumi-vgpu.service": "hash-of-unit" };

export function serviceOf(active: string, enabled = false): ServiceFacts {
  return { load: "loaded", active, result: "success", enabled };
}

const machineManifest: MachineManifest = {
  format: "2",
  owner: null,
  nouveauFound: false,
  nouveauBlock: null,
  driver: null,
};

const bareRole: MachineRole = {
  hostOwner: null,
  guestOwner: null,
  vgpuManager: [],
  guestDriver: [],
  virtual: null,
  virtualBy: "",
  vmPrograms: [],
};

/** What tells a host from a guest, with changes to what nothing tells. */
export function roleOf(changes: Partial<MachineRole>): MachineRole {
  return { ...bareRole, ...changes };
}

/** A machine on which the vendor's installer finds what it needs and stumbles on nothing. */
export const readyInstallation: InstallationFacts = {
  distribution: { id: "debian", like: [], version: "12" },
  libcHeaders: true,
  driverPackages: [],
  packagesUnread: null,
  alternateInstall: null,
  xServers: [],
  kernelConfig: null,
  novaLoaded: [],
  novaBlockedBy: [],
  moduleOnDisk: null,
  imagesKept: [],
  installerFolders: [],
  driverFolders: [],
};

/** The installation facts of a ready machine, with changes. */
export function installationOf(changes: Partial<InstallationFacts>): { installation: InstallationFacts } {
  return { installation: { ...readyInstallation, ...changes } };
}

/** A machine with packages of the distribution that hold a driver. */
export function withDriverPackages(...names: readonly string[]): { installation: InstallationFacts } {
  return installationOf({ driverPackages: names.map((name) => ({ name, held: false })) });
}

const machine: Omit<MachineFacts, "manifest"> = {
  machineId: "0123456789abcdef0123456789abcdef",
  bootId: "boot-1",
  hostname: "gpu-01",
  kernel: "6.1.0-13-amd64",
  architecture: "x86_64",
  osName: "Debian GNU/Linux 12 (bookworm)",
  secureBoot: "disabled",
  tools: new Set(["cc", "make", "ld", "systemctl", "openssl"]),
  kernelHeaders: true,
  nouveauLoaded: false,
  nouveauBlockedBy: [],
  installation: readyInstallation,
  loadedDriver: null,
  installedDriver: null,
  otherKernelDrivers: [],
  dkmsDrivers: [],
  dkmsBuilt: [],
  dkmsStatus: [],
  services: {},
  runningVms: [],
  unread: [],
  uploads: [],
  role: bareRole,
};

/** A host without GPUs and without anything of ours, with changes. */
export function hostFacts(
  changes: Partial<Omit<HostFacts, "manifest">> & { readonly manifest?: Partial<HostManifest> } = {},
): HostFacts {
  const { manifest, ...rest } = changes;
  return {
    ...machine,
    iommuUnits: ["dmar0"],
    kernelCommandLine: "quiet intel_iommu=on",
    gpus: [],
    driverClients: [],
    mdevParents: [],
    mdevDefinitions: [],
    autostartMissing: null,
    ...rest,
    manifest: { ...machineManifest, formerStacks: [], bootFiles: {}, gpus: {}, vgpus: [], ...manifest },
  };
}

/** A guest with one vGPU and without anything of ours, with changes. */
export function guestFacts(
  changes: Partial<Omit<GuestFacts, "manifest">> & { readonly manifest?: Partial<GuestManifest> } = {},
): GuestFacts {
  const { manifest, ...rest } = changes;
  return {
    ...machine,
    hostname: "desk-1",
    gpus: ["0000:06:00.0"],
    featureType: null,
    tokens: {},
    licenseStatus: null,
    licensedProduct: null,
    ...rest,
    manifest: { ...machineManifest, gridd: null, ...manifest },
  };
}

/** An A40 whose virtual functions are off, with changes. */
export function gpuFacts(changes: Partial<GpuFacts> = {}): GpuFacts {
  return {
    address: gpuAddress,
    deviceId: "10de:2235",
    subsystemId: "10de:145a",
    driver: null,
    bootVga: false,
    iommuGroup: 27,
    totalVfs: 32,
    virtualFunctions: [],
    kernelLog: [],
    vgpuInterface: null,
    absence: "no driver is bound to the GPU",
    offeredTypes: [],
    allTypesKnown: true,
    vgpus: [],
    ...changes,
  };
}

/** The address of the GPU's virtual function with this number, as an A40 has them. */
export function vfAddress(vfIndex: number): string {
  const place = vfIndex + 4;
  return `0000:3b:0${Math.floor(place / 8)}.${place % 8}`;
}

/** A declared driver with a package that is uploaded. */
export function driverOf(version: string, changes: Partial<DesiredDriver> = {}): DesiredDriver {
  const source = { localPath: `./NVIDIA-Linux-x86_64-${version}.run`, remotePath: null, sha256: packageHash };
  return { release: "17.4", version, package: source, ...changes };
}

/** A host with one GPU and a vGPU manager, reboots allowed. */
export function desiredHost(changes: Partial<DesiredHost> = {}): DesiredHost {
  return {
    name: "gpu-01",
    owner: "shop/dev/gpu-01",
    driver: driverOf(managerVersion),
    gpus: { [gpuAddress]: { usage: "vgpu" } },
    reboot: { allow: true, deadlineMs: 1_200_000 },
    rebootDisruption: "reboots-host",
    bootFiles,
    ...changes,
  };
}

/** A guest with driver and license, reboots allowed. */
export function desiredGuest(changes: Partial<DesiredGuest> = {}): DesiredGuest {
  return {
    name: "desk-1",
    owner: "shop/dev/desk-1",
    driver: driverOf(guestVersion),
    license: { tokenSha256: "cd".repeat(32), featureType: 1 },
    reboot: { allow: true, deadlineMs: 1_200_000 },
    rebootDisruption: "reboots-guest",
    ...changes,
  };
}

/** A plan's steps as people read them. */
export function stepTexts(plan: Plan | readonly Step[]): string[] {
  return ("steps" in plan ? plan.steps : plan).map(stepText);
}

/** A plan's refusals as people read them. */
export function refusalTexts(plan: Plan): string[] {
  return plan.refusals.map((parts: ErrorParts) => errorText(parts));
}
