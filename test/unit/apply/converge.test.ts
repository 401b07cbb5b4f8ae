import { describe, expect, it } from "vitest";
import { type Convergence, converge } from "../../../provider/apply/converge.js";
import { stepProgress } from "../../../provider/apply/step-progress.js";
import { VgpuError } from "../../../provider/model/errors.js";
import type { Plan, Step } from "../../../provider/plan/steps.js";

const away = {
  code: "VGPU_UNREACHABLE",
  where: "gpu-01",
  what: "",
  saw: "",
  expected: "",
  next: "",
} as const;

function stepOf(target: string): Step {
  return { kind: "block-nouveau", target, cause: "it is wanted", disruption: "none" };
}

/** A machine on which the steps of a list are to be done, one after the other; `applied` decides what a step does. */
function machineOf(targets: readonly string[], applied: (done: string[], target: string) => number = doIt) {
  const done: string[] = [];
  const said: string[] = [];
  const plan = (facts: readonly string[]): Plan => ({
    steps: targets.filter((target) => !facts.includes(target)).map(stepOf),
    refusals: [],
  });
  const convergence: Convergence<readonly string[]> = {
    where: "gpu-01",
    plan,
    apply: async (steps) => applied(done, steps[0]?.target ?? ""),
    observe: async () => [...done],
    progress: stepProgress((text) => said.push(text)),
  };
  return { convergence, done, said };
}

function doIt(done: string[], target: string): number {
  done.push(target);
  return 1;
}

describe("converge", () => {
  it("does nothing and says nothing on a machine that is as declared", async () => {
    const { convergence, said } = machineOf(["a"]);
    expect(await converge(convergence, ["a"])).toEqual(["a"]);
    expect(said).toEqual([]);
  });

  it("takes one step after the other, reads back, and tells each", async () => {
    const { convergence, said } = machineOf(["a", "b"]);
    expect(await converge(convergence, [])).toEqual(["a", "b"]);
    expect(said).toEqual([
      "step 1 of 2: block-nouveau (it is wanted)",
      "step 2 of 2: block-nouveau (it is wanted)",
    ]);
  });

  it("tells the reason of a step that is the only one", async () => {
    const { convergence, said } = machineOf(["a"]);
    await converge(convergence, []);
    expect(said).toEqual(["step 1 of 1: block-nouveau (it is wanted)"]);
  });

  it("fails when a step ran and the machine asks for it again", async () => {
    const { convergence } = machineOf(["a", "b"], (done, target) =>
      target === "a" ? doIt(done, target) : 1,
    );
    await expect(
      converge(convergence, []),
    ).rejects.toThrow(`VGPU_NO_EFFECT gpu-01: a step ran and the machine did not change
Saw: the machine still asks for: block-nouveau b: it is wanted
Expected: that the step's effect is read back
Next: look at the machine's journal for that step; run again when it is mended
Now: done so far: block-nouveau a: it is wanted; block-nouveau b: it is wanted`);
  });

  it("touches nothing when the plan is refused, and says what is done when it is refused on the way", async () => {
    const refusal = {
      code: "VGPU_IN_USE",
      where: "gpu-01",
      what: "w",
      saw: "s",
      expected: "e",
      next: "n",
    } as const;
    const { convergence, done } = machineOf(["a", "b"]);
    const refusing = (from: number) => ({
      ...convergence,
      plan: (facts: readonly string[]) =>
        facts.length >= from ? { steps: [], refusals: [refusal] } : convergence.plan(facts),
    });
    await expect(converge(refusing(0), [])).rejects.toThrow(/Next: n$/);
    expect(done).toEqual([]);
    await expect(converge(refusing(1), [])).rejects.toThrow(
      /Now: done so far: block-nouveau a: it is wanted$/,
    );
  });

  it("reads back what a step did whose connection was lost, and does not do it twice", async () => {
    let calls = 0;
    const { convergence } = machineOf(["a", "b"], (done, target) => {
      calls++;
      doIt(done, target);
      if (target === "a") throw new VgpuError(away);
      return 1;
    });
    expect(await converge(convergence, [])).toEqual(["a", "b"]);
    expect(calls).toBe(2);
  });

  it("gives up when the connection is lost again and again in the same step", async () => {
    let calls = 0;
    const { convergence } = machineOf(["a"], () => {
      calls++;
      throw new VgpuError(away);
    });
    await expect(
      converge(convergence, []),
    ).rejects.toThrow(`VGPU_UNREACHABLE gpu-01: the connection is lost again and again in the same step
Saw: 4 times in: block-nouveau a: it is wanted
Expected: a connection that lasts for one command
Next: look at the network and at the machine's sshd, run again
Now: nothing is known to be done`);
    expect(calls).toBe(4);
  });

  it("passes every other failure on", async () => {
    const { convergence } = machineOf(["a"], () => {
      throw new VgpuError({ ...away, code: "VGPU_STEP_FAILED", what: "it broke" });
    });
    await expect(converge(convergence, [])).rejects.toThrow("VGPU_STEP_FAILED gpu-01: it broke");
  });
});
