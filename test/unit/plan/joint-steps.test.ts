import { describe, expect, it } from "vitest";
import type { Plan, Step, VgpuStep } from "../../../provider/plan/steps.js";
import { jointSteps } from "../../../provider/plan/vgpu/joint-steps.js";

type Kind = VgpuStep["kind"];

function step(kind: Kind, uuid: string, parent: string, vgpuInterface = "mdev-on-vf"): Step {
  const vgpu = { uuid, parent, vgpuInterface, carrier: "gpu", typeName: "A40-8Q", name: uuid };
  return { kind, vgpu, target: uuid, cause: "", disruption: "none" } as unknown as Step;
}

const plan = (...steps: Step[]): Plan => ({ steps, refusals: [] });
const texts = (plans: readonly Plan[]) =>
  jointSteps(plans).map(({ kind, vgpu }) => `${kind.split("-")[0]} ${vgpu.uuid} ${vgpu.parent}`);

describe("the plans of vGPUs that are changed at once", () => {
  it("are one list in which what goes comes first, each thing once", () => {
    const old = step("retire-vgpu", "old", "vf1");
    const plans = [
      plan(step("forget-vgpu", "gone", "vf9"), old, step("make-vgpu", "a", "vf1")),
      plan(old, step("make-vgpu", "b", "vf2")),
      plan(step("record-vgpu", "c", "vf3")),
    ];
    expect(texts(plans)).toEqual([
      "forget gone vf9",
      "retire old vf1",
      "record c vf3",
      "make a vf1",
      "make b vf2",
    ]);
  });

  it("give one function to one of them: the other has its own turn", () => {
    const plans = [plan(step("make-vgpu", "a", "vf1")), plan(step("make-vgpu", "b", "vf1"))];
    expect(texts(plans)).toEqual(["make a vf1"]);
    for (const vgpuInterface of ["mdev-on-vf", "vendor-vfio"]) {
      const taken = plan(step("record-vgpu", "a", "vf1", vgpuInterface));
      const apart = plan(step("make-vgpu", "c", "vf2", vgpuInterface));
      const wanted = plan(step("make-vgpu", "b", "vf1", vgpuInterface), ...apart.steps);
      expect(texts([taken, wanted])).toEqual(["record a vf1"]);
      expect(texts([taken, apart])).toHaveLength(2);
    }
    const onGpu = ["a", "b"].map((uuid) => plan(step("make-vgpu", uuid, "gpu", "mdev-on-pf")));
    expect(texts(onGpu)).toHaveLength(2);
  });

  it("take nothing away that another of them makes", () => {
    const plans = [
      plan(step("make-vgpu", "a", "vf1")),
      plan(step("retire-vgpu", "a", "vf1"), step("make-vgpu", "b", "vf2")),
    ];
    expect(texts(plans)).toEqual(["make a vf1"]);
    expect(texts(plans.toReversed())).toEqual(["retire a vf1", "make b vf2"]);
  });

  it("make anew what both take away", () => {
    const old = [step("retire-vgpu", "a", "vf1"), step("retire-vgpu", "b", "vf2")];
    const plans = [plan(...old, step("make-vgpu", "a", "vf1")), plan(...old, step("make-vgpu", "b", "vf2"))];
    expect(texts(plans)).toEqual(["retire a vf1", "retire b vf2", "make a vf1", "make b vf2"]);
  });

  it("leave out what is refused, and what asks for more than vGPUs", () => {
    const unit = { kind: "install-boot-unit", target: "h", cause: "", disruption: "none" } as Step;
    const refused = { steps: [step("make-vgpu", "a", "vf1")], refusals: [{} as never] };
    expect(texts([refused, plan(unit, step("make-vgpu", "b", "vf2"))])).toEqual([]);
  });
});
