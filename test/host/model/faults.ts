/** Ways in which a host misbehaves; tests set them, and the model uses them up where a number says how often. */
export interface HostFaults {
  /** `sriov-manage` says so many times that it cannot get the unbind lock. */
  unbindLock: number;
  /** Somebody has the unbind lock of every GPU for so many calls of nvidia-smi: it finds none meanwhile. */
  unbindHeld: number;
  /** `sriov-manage` exits 0 so many times without making a VF. */
  silentSriov: number;
  /** VFs never appear, whatever `sriov-manage` says. */
  vfsNeverAppear: boolean;
  /** `sriov-manage` leaves the GPU without a driver so many times, after making its VFs. */
  leaveUnbound: number;
  /** `sriov-manage` waits in the kernel for as long as this is so. */
  sriovHangs: boolean;
  /** VFs come one by one, so many ms apart, after `sriov-manage` has ended. 0: all before it ends. */
  vfIntervalMs: number;
  /** The next so many creations of a vGPU fail with EIO. */
  failCreates: number;
  /** The next so many types that are written to a vendor-specific VFIO function are taken without an error, and without effect. */
  silentWrites: number;
  /** A VM of this name begins to use the next mdev that is removed, in the moment of its removal. */
  vmBeforeRemoval: string | undefined;
  /** Device numbers of VFIO group files by group, as those of files that the machine has; of the others nobody has the number. */
  groupNumbers: Readonly<Record<number, string>>;
  /** Addresses of boards that the driver's branch has left: it names them in the kernel's log, and leaves them alone. */
  ignoredBoards: readonly string[];
  /** nvidia-vgpud fails so many times. */
  failVgpud: number;
  /** Runs of an installer end so, whatever the package says. */
  installer: InstallerFault | undefined;
  /** For how many runs `installer` holds; all, unless set. */
  installerTimes: number;
}

/**
 * How an installer misbehaves: ends with 0 and installs nothing; never ends; is killed half way; fails the first time;
 * installs all but the modules it builds; installs all, fails to load a module and ends with 1 before its services are
 * set up; installs all but its registration with DKMS, which is a warning.
 */
export type InstallerFault = "nothing" | "hang" | "die" | "fail-once" | "no-module" | "half" | "unregistered";

export function noFaults(): HostFaults {
  return {
    unbindLock: 0,
    unbindHeld: 0,
    silentSriov: 0,
    vfsNeverAppear: false,
    leaveUnbound: 0,
    sriovHangs: false,
    vfIntervalMs: 0,
    failCreates: 0,
    silentWrites: 0,
    vmBeforeRemoval: undefined,
    groupNumbers: {},
    ignoredBoards: [],
    failVgpud: 0,
    installer: undefined,
    installerTimes: Number.POSITIVE_INFINITY,
  };
}
