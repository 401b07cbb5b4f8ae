import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The lab's files by how long they take, the longest first, so that no worker is left alone at the end; before all of
 * them the one that freezes what four others begin with.
 */
const order = [
  "contracts/ampere",
  "ampere",
  "display",
  "ada",
  "mig",
  "turing",
  "kernel-update",
  "guest",
  "contracts/ada",
  "contracts/turing",
  "contracts/guest",
  "deb",
  "mtty",
  "contracts/mtty",
];

const place = ({ moduleId }: TestSpecification) => {
  const found = order.findIndex((file) => moduleId.endsWith(`/test/lab/${file}.test.ts`));
  return found === -1 ? order.length : found;
};

/** Other projects' files stay as they are by default. */
export class LabOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const lab = sorted.filter(({ project }) => project.name === "lab");
    const rest = sorted.filter(({ project }) => project.name !== "lab");
    return [...rest, ...lab.sort((a, b) => place(a) - place(b))];
  }
}
