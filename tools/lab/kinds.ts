import type { LabRelease } from "./images/image-store.js";

/** What distinguishes machines of the lab: their Debian and their cards. */
export interface LabKindData {
  readonly release: LabRelease;
  /** One line. */
  readonly is: string;
  readonly memoryMiB: number;
  /** A type of its GPU, for examples. */
  readonly type?: string;
  /** Has the port of a qemu-guest-agent. */
  readonly guest?: boolean;
}

const host = { memoryMiB: 2048 };

export const labKinds = {
  turing: { ...host, release: "bookworm", is: "Debian 12, Tesla T4: mdevs on the GPU itself", type: "T4-4Q" },
  ampere: { ...host, release: "bookworm", is: "Debian 12, A40: mdevs on virtual functions", type: "A40-8Q" },
  ada: { ...host, release: "trixie", is: "Debian 13, L40S: vendor-specific VFIO", type: "L40S-12Q" },
  display: {
    ...host,
    release: "bookworm",
    is: "Debian 12, RTX A6000: has display modes",
    type: "RTXA6000-8Q",
  },
  mig: { ...host, release: "trixie", is: "Debian 13, A100: a board with MIG", type: "A100-10C" },
  mtty: { ...host, release: "bookworm", is: "Debian 12, no GPU: the kernel's sample mdev driver" },
  guest: {
    release: "bookworm",
    is: "Debian 12 as a guest, with a vGPU of an A40",
    memoryMiB: 1536,
    guest: true,
  },
} as const satisfies Record<string, LabKindData>;

export type LabKind = keyof typeof labKinds;
