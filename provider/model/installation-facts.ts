/** A package of the distribution that holds an NVIDIA driver: kernel modules, their source, or the user-space part. */
export interface DriverPackage {
  readonly name: string;
  /** Whether the package manager was told to leave it as it is. */
  readonly held: boolean;
}

/** What of a distribution its packages' names depend on, from os-release. */
export interface Distribution {
  /** e.g. `"debian"` */
  readonly id: string;
  /** e.g. `["rhel", "centos", "fedora"]` */
  readonly like: readonly string[];
  /** e.g. `"12"`, `""` where it is not said. */
  readonly version: string;
}

/** A folder to which the vendor's installer may unpack itself, or puts the driver. */
export interface InstallerFolder {
  readonly path: string;
  /** Where the file system is mounted that has it, or will have it. */
  readonly mount: string;
  /** Room in KiB; `null` where it could not be read. */
  readonly freeKib: number | null;
  /** e.g. `["rw", "noexec"]`; empty where they could not be read. */
  readonly options: readonly string[];
}

/** What decides whether the vendor's installer can put a driver on a machine. */
export interface InstallationFacts {
  readonly distribution: Distribution;
  /** Without `/usr/include/stdio.h` the installer builds nothing. */
  readonly libcHeaders: boolean;
  readonly driverPackages: readonly DriverPackage[];
  /** Why the packages could not be asked for; `null` when they could. */
  readonly packagesUnread: string | null;
  /** A file by which a distribution's package keeps the vendor's installer away; `null` when it is not there. */
  readonly alternateInstall: string | null;
  /** X servers whose lock files the installer looks for. */
  readonly xServers: readonly { readonly lock: string; readonly pid: number; readonly name: string }[];
  /** The options that are built in or modules, of those that matter; `null` when the configuration is not to be found. */
  readonly kernelConfig: { readonly file: string; readonly options: ReadonlySet<string> } | null;
  /** Modules of the kernel's own new driver that are loaded. */
  readonly novaLoaded: readonly string[];
  /** Files of modprobe.d that block it. */
  readonly novaBlockedBy: readonly string[];
  /** The module `nvidia` on disk where no uninstaller of the vendor's is: its path, and the package that brought it, if one did. */
  readonly moduleOnDisk: { readonly file: string; readonly package: string | null } | null;
  /** What will keep the images of a boot from being made anew, one reason each. */
  readonly imagesKept: readonly string[];
  readonly installerFolders: readonly InstallerFolder[];
  /** Where the driver's files go: `/usr` and the running kernel's modules. */
  readonly driverFolders: readonly InstallerFolder[];
}
