// One run of the vendor's installer, and what its package brings.
import type { Machine } from "../types.js";

/** What a package of one kind puts on a machine, and how its modules get in and out of the kernel. */
export interface DriverContent {
  readonly flavour: "vgpu-kvm" | "grid";
  /** Names of the modules, in the order in which they are loaded. */
  readonly modules: readonly string[];
  /** Module names as files have them. */
  readonly moduleFiles: readonly string[];
  /** Units that the hooks of an installed driver stop before anything else. */
  readonly services: readonly string[];
  installFiles(machine: Machine, version: string): void;
  installServices(machine: Machine): void;
  remove(machine: Machine): void;
  /** Tells the kernel what is on disk now. */
  registerModules(machine: Machine): void;
  /** Loads them. Returns whether the driver is there afterwards. */
  loadModules(machine: Machine): Promise<boolean>;
}

/** One run of the installer or uninstaller. */
export interface InstallerRun {
  readonly machine: Machine;
  readonly content: DriverContent;
  readonly version: string;
  /** First number of the version: what the installer of that branch does differs. */
  readonly branch: number;
  readonly flags: ReadonlySet<string>;
  readonly root: boolean;
  readonly logPath: string;
  option(name: string): string | undefined;
}
