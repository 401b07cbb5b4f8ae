import type { LabRelease } from "./images/image-store.js";

/** What distinguishes machines of the lab: their Debian and their cards. */
export interface LabKindData {
  readonly release: LabRelease;
  /** One line. */
  readonly is: string;
  readonly memoryMiB: number;
  /** Has the port of a qemu-guest-agent. */
  readonly guest?: boolean;
}

export const labKinds = {
  turing: { release: "bookworm", is: "Debian 12, Tesla T4: mdevs on the GPU itself", memoryMiB: 2048 },
  ampere: { release: "bookworm", is: "Debian 12, A40: mdevs on virtual functions", memoryMiB: 2048 },
  ada: { release: "trixie", is: "Debian 13, L40S: vendor-specific VFIO", memoryMiB: 2048 },
  display: { release: "bookworm", is: "Debian 12, RTX A6000: has display modes", memoryMiB: 2048 },
  mig: { release: "trixie", is: "Debian 13, a board with MIG", memoryMiB: 2048 },
  mtty: { release: "bookworm", is: "Debian 12, no GPU: the kernel's sample mdev driver", memoryMiB: 2048 },
  guest: { release: "bookworm", is: "Debian 12 as a guest, with a vGPU", memoryMiB: 1536, guest: true },
} as const satisfies Record<string, LabKindData>;

export type LabKind = keyof typeof labKinds;
