// What earlier versions of this package left on machines and in states, and how a test stands on it again.
import type { Story, StoryMachine } from "../engine/support/story.js";

/** A file of ours on a machine. */
export interface StandingFile {
  readonly path: string;
  /** Octal, e.g. `"644"`. */
  readonly mode: string;
  readonly text: string;
}

/** A machine as a version left it: what is ours on it. */
export interface Standing {
  readonly machineId: string;
  readonly files: readonly StandingFile[];
}

/** The machines of a recording, by resource name. */
export const standingMachines: Readonly<Record<string, StoryMachine & { readonly gpu?: string }>> = {
  turing: {
    kind: "turingLegacy",
    gpu: "0000:3b:00.0",
    args: [{ gpus: [{ board: "Tesla T4", address: "0000:3b:00.0" }] }],
  },
  ampere: {
    kind: "ampereMdev",
    gpu: "0000:41:00.0",
    args: [{ gpus: [{ board: "NVIDIA A2", address: "0000:41:00.0" }] }],
  },
  ada: {
    kind: "adaVendorVfio",
    gpu: "0000:26:00.0",
    args: [{ gpus: [{ board: "NVIDIA A2", address: "0000:26:00.0" }] }],
  },
  mtty: { kind: "mttyHost", args: [{ iommu: false }] },
  desk: { kind: "linuxGuest" },
};

/** The vGPUs of a recording, two of each, named `<prefix>-1` and `<prefix>-2`. */
export const standingVgpus = [
  { prefix: "turing", host: "turing", gpu: "0000:3b:00.0", type: "T4-4Q" },
  { prefix: "ampere", host: "ampere", gpu: "0000:41:00.0", type: "A2-4Q" },
  { prefix: "ada", host: "ada", gpu: "0000:26:00.0", type: "A2-4Q" },
  { prefix: "serial", host: "mtty", parent: "mtty", mdevType: "mtty-2" },
] as const;

/** Values of one run that a recording has no business with, by the name that stands for them. */
function valuesOf(story: Story): [string, string][] {
  const machines = Object.keys(standingMachines).flatMap((name): [string, string][] => {
    const { hostKey, port } = story.machine(name).address;
    return [
      [`{{${name}.hostKey}}`, hostKey],
      // With its key: five digits may stand in a hash as well.
      [`"port": "{{${name}.port}}"`, `"port": ${port}`],
    ];
  });
  return [
    ["{{manager.sha256}}", story.packages.manager.sha256],
    ["{{guest.sha256}}", story.packages.guest.sha256],
    ["{{folder}}", story.folder],
    ["{{project}}", story.project.projectDir],
    ...machines,
  ];
}

/** Returns a text with what is of one run replaced by names. */
export function withPlaceholders(text: string, story: Story): string {
  return valuesOf(story).reduce((result, [name, value]) => result.replaceAll(value, name), text);
}

/** Returns a recorded text with the values of this run. */
export function withValues(text: string, story: Story): string {
  return valuesOf(story).reduce((result, [name, value]) => result.replaceAll(name, value), text);
}
