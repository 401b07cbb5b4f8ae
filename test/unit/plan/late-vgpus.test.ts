import { describe, expect, it } from "vitest";
import type { LateVgpu } from "../../../provider/plan/declared/program.js";
import type { DesiredVgpu } from "../../../provider/plan/desired.js";
import { planVgpu } from "../../../provider/plan/vgpu/plan-vgpu.js";
import { bootFiles, refusalTexts, stepTexts } from "./facts.js";
import { emptyParent, mdevOf, parentFacts } from "./parent-world.js";
import { emptyWorld, factsOf, type World } from "./vgpu-world.js";
import { interfaces, uuidOf, vgpuOf, vgpusOf, worldWith } from "./vgpus.js";

const nameless = { resource: "another", host: "gpu-01", uuid: "", formerNames: [] };

/** Ways in which a record can be that of the late `desk-2`. */
const known: readonly (readonly [string, LateVgpu])[] = [
  ["UUID", { ...nameless, uuid: uuidOf(2) }],
  ["name", { ...nameless, resource: "desk-2" }],
  ["former name", { ...nameless, formerNames: ["desk-0", "desk-2"] }],
];

function planBeside(late: readonly LateVgpu[], self: DesiredVgpu, world: World) {
  return planVgpu({ self, declared: [self], late, bootFiles }, factsOf(world));
}

describe.each(known)("a vGPU whose values are not known yet, told by its %s", (_way, late) => {
  it.each(interfaces)("is retired for no other size on %s", (kind) => {
    const world = emptyWorld(kind);
    const [smaller = vgpuOf(1, "")] = vgpusOf(world, "4Q", { count: 1 });
    const before = worldWith(world, vgpusOf(world, "8Q", { count: 2 }));
    const plan = planBeside([late], smaller, before);
    expect(plan.steps).toEqual([]);
    expect(plan.refusals).toMatchObject([{ code: "VGPU_SIZE_CONFLICT" }]);
  });

  it.each(interfaces)("is not what makes room on a full GPU on %s", (kind) => {
    const world = emptyWorld(kind);
    const [self = vgpuOf(4, "")] = vgpusOf(world, "16Q", { count: 1, first: 4 });
    const plan = planBeside([late], self, worldWith(world, vgpusOf(world, "16Q", { count: 3 })));
    expect(stepTexts(plan)).toHaveLength(2);
    expect(stepTexts(plan)[0]).toContain("retire-vgpu gpu-01 desk-1");
  });

  it("keeps its record and with it its function, where it is not there", () => {
    const world = emptyWorld("vendor-vfio");
    const [self = vgpuOf(1, ""), second = vgpuOf(2, "")] = vgpusOf(world, "8Q", { count: 2 });
    const gone = { ...worldWith(world, [second]), live: [] };
    const plan = planBeside([late], self, gone);
    expect(plan.steps).toMatchObject([{ kind: "make-vgpu", vgpu: { uuid: self.uuid } }]);
    expect(plan.steps[0]).not.toMatchObject({ vgpu: { parent: gone.records[0]?.parent } });
  });
});

describe("a vGPU whose values are not known yet", () => {
  const late = { ...nameless, resource: "desk-2" };
  const world = emptyWorld("mdev-on-vf");

  it("is told where another size is refused beside it", () => {
    const plan = planBeside([late], vgpuOf(1, "A40-4Q"), worldWith(world, [vgpuOf(2, "A40-8Q")]));
    expect(refusalTexts(plan)).toEqual([
      `VGPU_SIZE_CONFLICT gpu-01 0000:3b:00.0 desk-1: cannot make A40-4Q beside a vGPU of another size
Saw: desk-2 (NVIDIA A40-8Q) of 8192 MiB in equal-size mode; the program declares it, on what and as what was not known yet (an output of a resource, or a promise of more than 10 s)
Expected: no vGPU on the GPU, or only of 4096 MiB
Next: write gpu and type of desk-2 in the program, not as an output of a resource, so that all are judged together; or choose another GPU`,
    ]);
  });

  it("keeps no other of ours from being retired", () => {
    const before = worldWith(world, [vgpuOf(2, "A40-8Q"), vgpuOf(3, "A40-8Q")]);
    const self = vgpuOf(1, "A40-4Q");
    expect(planBeside([{ ...nameless, resource: "desk-9" }], self, before).steps).toHaveLength(3);
  });

  it("is retired for no other type on a parent that is not NVIDIA's", () => {
    const [first, second] = [mdevOf(1, "mtty-1"), mdevOf(2, "mtty-2")];
    const live = { mdevUuid: second.uuid, parent: "mtty", typeName: "mtty-2", vgpuTypeId: null, holders: [] };
    const { uuid, owner, name, carrier } = second;
    const record = { ...{ uuid, owner, name, carrier, parent: "mtty", typeName: "mtty-2", keep: false } };
    const records = [{ ...record, state: "done", adopted: false } as const];
    const facts = parentFacts({ ...emptyParent(2), live: [live], records });
    const request = { self: first, declared: [first], bootFiles };
    expect(planVgpu(request, facts).steps[0]).toMatchObject({ kind: "retire-vgpu", vgpu: { uuid } });
    const plan = planVgpu({ ...request, late: [{ ...nameless, uuid }] }, facts);
    expect(plan.steps).toEqual([]);
    expect(plan.refusals).toMatchObject([{ code: "VGPU_CAPACITY" }]);
  });
});
