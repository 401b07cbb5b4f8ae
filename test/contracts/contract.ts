// What a contract is, and what it looks at. A contract runs unchanged on a simulated machine and on one of the lab.
import type { VgpuInterface } from "../../provider/model/facts.js";
import type { RunResult } from "../host/types.js";

/** What a bed comes to, by its kind, in the order in which it comes to it; `climb` brings it there. */
export const ladders = {
  host: [
    "bare host",
    "host without nouveau",
    "host with driver",
    "vGPU host",
    "rebooted vGPU host",
    "host without driver again",
  ],
  "mdev parent": ["mdev parent"],
  guest: ["bare guest", "guest with driver"],
} as const;

export type BedState = (typeof ladders)[keyof typeof ladders][number];

/** Full names of types of the bed's GPU. */
export interface BedTypes {
  /** The one that contracts make. */
  readonly one: string;
  /** Another series of the same framebuffer size. */
  readonly sameSize: string;
  readonly otherSize: string;
}

/** What is known of a bed before it is asked. */
export interface BedFacts {
  /** e.g. `"simulated A40"`, `"lab: trixie, L40S"` */
  readonly name: string;
  /** Which column of docs/contracts.md its runs fill. */
  readonly column: "simulated" | "bookworm" | "trixie";
  readonly kind: keyof typeof ladders;
  /** Package format and how the initramfs is made. */
  readonly distribution: "deb" | "rpm";
  /** Whether mdevctl is installed. */
  readonly mdevctl: boolean;
  /** Whether dkms is installed, and so drivers are built by it. */
  readonly dkms: boolean;
  /** A user who may become root by sudo, without a password. */
  readonly sudoer?: string;
  /** A package of the distribution that is installed. */
  readonly installedPackage: string;
  /** Address of the GPU, in a guest of its vGPU; of the parent where it is no GPU. */
  readonly gpu: string;
  readonly vgpuInterface: VgpuInterface;
  /** What its SR-IOV capability shows; absent where it has none. A board may show some and make none. */
  readonly shownVfs?: number;
  /** How many virtual functions it comes to have; 0 where its vGPUs are on the GPU itself. */
  readonly totalVfs: number;
  readonly types: BedTypes;
  /** Version of the driver in the package. */
  readonly driverVersion: string;
  /** Where the package lies on the machine. */
  readonly packagePath: string;
}

/** A process that uses a vGPU as a VM does. */
export interface VgpuUser {
  readonly pid: number;
  /** Ends it, and resolves when it has ended. */
  end(): Promise<void>;
}

/** One machine that contracts are looked at on. */
export interface Bed {
  readonly facts: BedFacts;
  /** Runs a line of `/bin/sh` as root, as the provider does. */
  shell(line: string): Promise<RunResult>;
  /** Runs a line of `/bin/sh` as another user. */
  shellAs(user: string, line: string, stdin?: string): Promise<RunResult>;
  writeFile(path: string, text: string, mode?: number): Promise<void>;
  /** `undefined` when it is not there. Not for /sys and /proc. */
  readFile(path: string): Promise<string | undefined>;
  /** Where its SSH server is, and a key that logs in as root. */
  address(): { readonly host: string; readonly port: number; readonly privateKey: string };
  /** Reboots by `systemctl reboot`; resolves when the machine answers again. */
  reboot(): Promise<void>;
  /** A VM of this name starts to use the vGPU, named by its UUID or by its virtual function. */
  use(vgpu: string, vm: string): Promise<VgpuUser>;
  /** Notes of the climb, for contracts about what a reboot changes. */
  readonly notes: Map<string, string>;
}

/** One rule about a program or a file of others, by what our own scripts look at. */
export interface Contract {
  /** Unique, e.g. `"mdevctl/define"`. */
  readonly id: string;
  /** A program or place in the tables of docs/contracts.md. */
  readonly relies: string;
  readonly needs: BedState | readonly BedState[];
  /** Which beds it is about. @default all that come to the state */
  readonly on?: (facts: BedFacts) => boolean;
  /** The rule, in the present tense. */
  readonly title: string;
  check(bed: Bed): Promise<void>;
}
