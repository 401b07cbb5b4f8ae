import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GpuInterface } from "../../../provider/model/facts.js";
import type { DesiredVgpu } from "../../../provider/plan/desired.js";
import { gpuAddress } from "./facts.js";
import { converged, emptyWorld, factsOf, removed, type World } from "./vgpu-world.js";
import { interfaces, liveTexts, uuidOf, vgpusOf, withForeign, withHolder, worldWith } from "./vgpus.js";

/** Everything that the engine does in one run: creates and updates in some order, then deletes. */
function afterRun(
  order: readonly DesiredVgpu[],
  { was, world }: { readonly was: readonly DesiredVgpu[]; readonly world: World },
): World {
  let after = world;
  for (const self of order) {
    const outcome = converged(self, order, after);
    expect(outcome.refusals).toEqual([]);
    after = outcome.world;
  }
  for (const gone of was.filter((old) => order.every(({ uuid }) => uuid !== old.uuid))) {
    after = removed(gone, after).world;
  }
  return after;
}

function textsOf(declared: readonly DesiredVgpu[]): string[] {
  return declared.map(({ name, type }) => `${name} ${type.split("-").at(-1)}`).sort();
}

const migrations: Record<string, readonly [string, number, number, string, number, number]> = {
  "six 8Q become six 4Q": ["8Q", 6, 1, "4Q", 6, 1],
  "six 8Q become twelve 4Q": ["8Q", 6, 1, "4Q", 12, 1],
  "twelve 4Q become six 8Q under new names": ["4Q", 12, 1, "8Q", 6, 101],
  "twelve 4Q become six of them as 8Q": ["4Q", 12, 1, "8Q", 6, 4],
  "six 8Q are renamed at full capacity": ["8Q", 6, 1, "8Q", 6, 101],
  "six 8Q become 8C, which has their size": ["8Q", 6, 1, "8C", 6, 1],
  "one 48Q becomes twelve 4Q": ["48Q", 1, 1, "4Q", 12, 2],
};
const cases = interfaces.flatMap((one) => Object.keys(migrations).map((title) => [title, one] as const));

describe("a run that changes a GPU's vGPUs", () => {
  it.each(cases)("ends in the declared set in every order: %s on %s", (title, vgpuInterface) => {
    const [oldType, oldCount, oldFirst, type, count, first] = migrations[title] ?? ["", 0, 0, "", 0, 0];
    const empty = emptyWorld(vgpuInterface);
    const was = vgpusOf(empty, oldType, { count: oldCount, first: oldFirst });
    const world = worldWith(empty, was);
    const declared = vgpusOf(empty, type, { count, first });
    fc.assert(
      fc.property(fc.shuffledSubarray(declared, { minLength: count }), fc.boolean(), (order, hasSmi) => {
        const after = afterRun(order, { was, world: { ...world, hasSmi } });
        expect(liveTexts(after)).toEqual(textsOf(declared));
        expect(after.records.every(({ state }) => state === "done")).toBe(true);
        expect(after.records.length).toBe(count);
      }),
      { numRuns: 15 },
    );
  });

  it.each(interfaces)("needs nothing more after it on %s", (vgpuInterface) => {
    const empty = emptyWorld(vgpuInterface);
    const declared = vgpusOf(empty, "8Q", { count: 6 });
    const world = worldWith(empty, declared);
    for (const hasSmi of [true, false]) {
      for (const self of declared) {
        expect(converged(self, declared, { ...world, hasSmi }).world).toEqual({ ...world, hasSmi });
      }
    }
  });

  it.each(["mdev-on-vf", "vendor-vfio"] as const)(
    "deals out the virtual functions of an empty GPU the same in every order on %s",
    (vgpuInterface) => {
      const empty = emptyWorld(vgpuInterface);
      const declared = vgpusOf(empty, "8Q", { count: 6 });
      const placesOf = (world: World) =>
        Object.fromEntries(world.records.map(({ name, parent }) => [name, parent]));
      const expected = placesOf(worldWith(empty, declared));
      fc.assert(
        fc.property(fc.shuffledSubarray(declared, { minLength: 6 }), (order) => {
          expect(placesOf(worldWith(empty, order))).toEqual(expected);
        }),
        { numRuns: 30 },
      );
    },
  );
});

/** Hosts with leftovers of every kind: ours, of another stack, foreign, held, kept, adopted, recorded and gone. */
const anyWorld = fc
  .record({
    vgpuInterface: fc.constantFrom<GpuInterface>(...interfaces),
    hasSmi: fc.boolean(),
    hasMdevctl: fc.boolean(),
    type: fc.constantFrom("4Q", "8Q"),
    old: fc.array(
      fc.record({
        kind: fc.constantFrom("ours", "ours", "keep", "other-stack", "foreign", "adopted"),
        held: fc.boolean(),
        gone: fc.boolean(),
        intent: fc.boolean(),
      }),
      { maxLength: 6 },
    ),
  })
  .map(({ vgpuInterface, hasSmi, hasMdevctl, type, old }) => {
    const empty = emptyWorld(vgpuInterface, { hasMdevctl });
    let world = worldWith(empty, vgpusOf(empty, type, { count: old.length }));
    old.forEach(({ kind, held, gone, intent }, index) => {
      const uuid = uuidOf(index + 1);
      if (held && !gone) world = withHolder(world, uuid);
      const records = world.records.flatMap((record) => {
        if (record.uuid !== uuid) return [record];
        if (kind === "foreign") return [];
        return [
          {
            ...record,
            keep: kind === "keep",
            adopted: kind === "adopted",
            owner: kind === "other-stack" ? "shop/prod" : record.owner,
            state: intent ? ("intent" as const) : ("done" as const),
          },
        ];
      });
      const present = world.live.filter(({ mdevUuid }) => held || !gone || mdevUuid !== uuid);
      const nameless = kind === "foreign" && vgpuInterface === "vendor-vfio";
      // Without a record nothing ties a vendor-specific VFIO function to a UUID.
      const live = present.map((vgpu) =>
        nameless && vgpu.mdevUuid === uuid ? { ...vgpu, mdevUuid: uuidOf(index, "f") } : vgpu,
      );
      world = { ...world, records, live };
    });
    return { ...world, hasSmi };
  });

const anyProgram = fc.record({
  type: fc.constantFrom("4Q", "8Q", "8C", "16Q"),
  count: fc.nat(12),
  first: fc.constantFrom(1, 3, 101),
  keeps: fc.boolean(),
});

describe("any program on any host", () => {
  it("never retires what a VM holds, what is not ours, or what is kept", () => {
    fc.assert(
      fc.property(anyWorld, anyProgram, fc.nat(1000), (world, program, seed) => {
        const declared = vgpusOf(world, program.type, program).map((vgpu, index) => ({
          ...vgpu,
          keep: program.keeps && index === 0,
        }));
        const order = declared.toSorted((a, b) => hash(a.uuid, seed) - hash(b.uuid, seed));
        const untouchable = world.live.filter(({ mdevUuid, holders }) => {
          const record = world.records.find(({ uuid }) => uuid === mdevUuid);
          return (
            holders.length > 0 ||
            record === undefined ||
            record.owner !== "shop/dev" ||
            (declared.find(({ uuid }) => uuid === mdevUuid)?.keep ?? record.keep) ||
            record.adopted
          );
        });
        let after = world;
        const refused: DesiredVgpu[] = [];
        for (const self of order) {
          const outcome = converged(self, order, after);
          if (outcome.refusals.length > 0) {
            refused.push(self);
            expect(outcome.world).toEqual(after);
          }
          after = outcome.world;
        }
        for (const vgpu of untouchable) expect(after.live).toContainEqual(vgpu);
        for (const self of order.filter((vgpu) => !refused.includes(vgpu))) {
          expect(after.live.find(({ mdevUuid }) => mdevUuid === self.uuid)?.typeName).toContain(self.type);
        }
        const parents = after.records
          .filter(({ parent }) => parent !== gpuAddress)
          .map(({ parent }) => parent);
        expect(new Set(parents).size).toBe(parents.length);
      }),
      { numRuns: 1000 },
    );
  });

  it("removes what it declared and nothing that a VM holds or that is not ours", () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        for (const self of vgpusOf(world, "8Q", { count: 6 })) {
          const record = world.records.find(({ uuid }) => uuid === self.uuid);
          const live = world.live.find(({ mdevUuid }) => mdevUuid === self.uuid);
          const outcome = removed(self, world);
          const ours = record?.owner === "shop/dev";
          const may = ours && !record.adopted && (live === undefined || live.holders.length === 0);
          expect(outcome.world.live).toEqual(may ? world.live.filter((vgpu) => vgpu !== live) : world.live);
          const forgotten = outcome.world.records.every(({ uuid }) => uuid !== self.uuid);
          expect(forgotten).toBe(record === undefined || may || (ours && record.adopted));
        }
      }),
      { numRuns: 200 },
    );
  });
});

function hash(text: string, seed: number): number {
  let value = seed;
  for (const letter of text) value = (value * 31 + letter.charCodeAt(0)) % 65_537;
  return value;
}

describe("a foreign vGPU", () => {
  it.each(interfaces)("of the same size is a neighbour on %s", (vgpuInterface) => {
    const world = withForeign(emptyWorld(vgpuInterface), "8Q");
    const declared = vgpusOf(world, "8Q", { count: 5 });
    expect(liveTexts(worldWith(world, declared))).toEqual(["foreign 8Q", ...textsOf(declared)].sort());
    expect(factsOf(world).gpus[0]?.vgpus.length).toBe(1);
  });
});
