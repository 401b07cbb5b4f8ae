import { mustSucceed, type StackRun } from "../../../test/engine/support/stack.js";
import type { Row } from "../tables.js";
import { type WatchedRun, watched } from "../watched-run.js";
import { ansibleFor, provideAnsible } from "./ansible.js";
import { type ManyHosts, openManyHosts, vgpusEach } from "./many-hosts.js";

const noPreview = ["--skip-preview"];

/** Measures what 16 vGPUs on each of so many hosts cost by Ansible, by us, and as empty resources. */
export async function compareHosts(count: number): Promise<Row[]> {
  const many = await openManyHosts(count);
  try {
    const ansible = await byAnsible(many);
    const floor = await asEmpty(many);
    return await byUs(many, { ansible, floor });
  } finally {
    await many.close();
  }
}

/** Seconds for making, and for finding nothing to do. */
interface Pair {
  readonly made: number;
  readonly same: number;
}

async function byAnsible(many: ManyHosts): Promise<Pair | undefined> {
  const program = await provideAnsible();
  if (program === undefined) return undefined;
  const run = ansibleFor(program, many);
  const pair = { made: run(), same: run() };
  const remove = `for mdev in /sys/bus/mdev/devices/*; do uuid=\${mdev##*/}; echo 1 > "$mdev/remove"; mdevctl undefine -u "$uuid"; done`;
  await Promise.all(many.hosts.map(({ machine }) => machine.shell(remove)));
  return pair;
}

async function asEmpty({ floor, declare }: ManyHosts): Promise<Pair> {
  declare({ vgpus: vgpusEach, type: "A40-1Q" });
  const made = mustSucceed(await floor.up(noPreview)).durationMs / 1000;
  const same = mustSucceed(await floor.up([...noPreview, "--expect-no-changes"])).durationMs / 1000;
  return { made, same };
}

async function byUs(
  many: ManyHosts,
  { ansible, floor }: { readonly ansible: Pair | undefined; readonly floor: Pair },
): Promise<Row[]> {
  const { hosts, ours, declare } = many;
  const machines = hosts.map(({ machine }) => machine);
  const size = `${hosts.length} × ${vgpusEach}`;
  const measure = (work: () => Promise<StackRun>): Promise<WatchedRun> =>
    watched(machines, async () => {
      const run = await work();
      return { ...run, seconds: run.durationMs / 1000 };
    });
  const rows: Row[] = [];
  const row = async (
    what: string,
    work: () => Promise<StackRun>,
    against: readonly [string, number | undefined][] = [],
  ) => {
    const run = await measure(work);
    const [first, ...others] = against.filter((one): one is [string, number] => one[1] !== undefined);
    rows.push({
      what: `${size} ${what}`,
      ...run,
      ...(first && { against: { what: first[0], seconds: first[1] } }),
    });
    for (const [other, seconds] of others)
      rows.push({ what: "", seconds: run.seconds, against: { what: other, seconds } });
  };
  declare({ vgpus: vgpusEach, type: "A40-1Q" });
  await row("made", () => ours.up(noPreview), [
    ["Ansible", ansible?.made],
    ["empty", floor.made],
  ]);
  const unchanged = [
    ["Ansible", ansible?.same],
    ["empty", floor.same],
  ] as [string, number | undefined][];
  await row("unchanged", () => ours.up([...noPreview, "--expect-no-changes"]), unchanged);
  await row("unchanged, with preview", () => ours.up(["--expect-no-changes"]), unchanged);
  const [drifted] = machines;
  await drifted?.shell("for mdev in /sys/bus/mdev/devices/*; do echo 1 > $mdev/remove; break; done");
  await row("one host drifted", () => ours.up(noPreview));
  declare({ vgpus: vgpusEach, type: "A40-2Q" });
  await row("all types changed", () => ours.up(noPreview), [["Ansible, made", ansible?.made]]);
  declare({ vgpus: 0, type: "A40-2Q" });
  await row("vGPUs destroyed", () => ours.up(noPreview), [["Ansible, made", ansible?.made]]);
  return rows;
}
