import { cardsText } from "../cards.js";
import { findImage, type LabImage } from "../images/image-store.js";
import { type LabKind, type LabKindData, labKinds } from "../kinds.js";
import { slotArguments } from "../slots.js";
import type { QemuMachine } from "./qemu-arguments.js";

/** What is asked for of a machine. */
export interface LabMachineSpec {
  readonly name: string;
  readonly kind: LabKind;
  /** Text of the cards in its slots. @default the kind's own */
  readonly cards?: string;
}

/** The image machines of a kind start from. @throws where it is not built */
export function neededImage(kind: LabKind): LabImage {
  const { release } = labKinds[kind];
  const image = findImage(release);
  if (image === undefined)
    throw new Error(`The lab has no image of Debian ${release} yet. Next: npm run lab:setup`);
  return image;
}

/** What QEMU shows to a machine of the spec's kind; paths are relative to its run folder. */
export function qemuMachine({ name, kind, cards }: LabMachineSpec, sshPort: number): QemuMachine {
  const { memoryMiB, guest }: LabKindData = labKinds[kind];
  return {
    name,
    memoryMiB,
    disk: "disk.qcow2",
    cards: "cards",
    slots: slotArguments(cards ?? cardsText(kind)),
    consoleLog: "console.log",
    sshPort,
    ...(guest === true ? { agentSocket: "agent.sock" } : {}),
  };
}
