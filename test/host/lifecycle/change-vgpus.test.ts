import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runUp } from "../../fleet/run.js";
import { type Bed, type HostBed, type HostKindName, openBed, vgpusOf } from "./bed.js";
import { leftoversOn } from "./end-state.js";
import { asRecorded, liveTypes, recordedVgpus } from "./live-vgpus.js";
import { changesSince, noteOf } from "./untouched.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

type Vgpus = Readonly<Record<string, string>>;

interface Change {
  readonly title: string;
  readonly vgpus: Vgpus;
  readonly serial: boolean;
}

/** Runs one up, and fails unless the host then has exactly these vGPUs and the next up changes nothing. */
async function expectOneUp(host: HostBed, { title, vgpus, serial }: Change): Promise<void> {
  const changes = await runUp(host.program(vgpus), host.statePath, { serial });
  expect(await liveTypes(host.machine), title).toEqual(Object.values(vgpus).sort());
  expect(await recordedVgpus(host.machine), title).toEqual(asRecorded(vgpus));
  expect(await leftoversOn(host.machine), title).toEqual([]);
  const deleted = Object.entries(changes).filter(([, change]) => change === "deleted");
  expect(
    deleted.filter(([name]) => name in vgpus),
    title,
  ).toEqual([]);
}

function changesOf(types: { large: string; small: string; count: number }, serialFirst: boolean): Change[] {
  const { large, small, count } = types;
  return [
    { title: "first", vgpus: vgpusOf(large, count), serial: !serialFirst },
    { title: "same names, smaller", vgpus: vgpusOf(small, count), serial: serialFirst },
    { title: "more names", vgpus: vgpusOf(small, 2 * count), serial: !serialFirst },
    { title: "new names, larger", vgpus: vgpusOf(large, count, "b"), serial: serialFirst },
  ];
}

const cases: readonly {
  kind: HostKindName;
  board: string;
  large: string;
  small: string;
  count: number;
  serialFirst: boolean;
}[] = [
  { kind: "ampereMdev", board: "NVIDIA A2", large: "A2-4Q", small: "A2-2Q", count: 4, serialFirst: false },
  { kind: "turingLegacy", board: "Tesla T4", large: "T4-4Q", small: "T4-2Q", count: 4, serialFirst: true },
  { kind: "adaVendorVfio", board: "NVIDIA A2", large: "A2-4Q", small: "A2-2Q", count: 4, serialFirst: true },
];

describe.concurrent("one up changes every vGPU of a GPU", () => {
  it.for(cases)(
    "on $board ($kind): to another size, to more, to new names",
    { timeout: 180_000 },
    async (one) => {
      const host = await bed.host(one.kind, one.kind, { board: one.board });
      for (const change of changesOf(one, one.serialFirst)) await expectOneUp(host, change);
      const last = vgpusOf(one.large, one.count, "b");
      const before = await noteOf(host.machine);
      const changes = await runUp(host.program(last), host.statePath);
      expect(new Set(Object.values(changes))).toEqual(new Set(["unchanged"]));
      expect(await changesSince(host.machine, before)).toEqual([]);
    },
  );
});
