import { describe, expect, it } from "vitest";
import {
  flagsOfEnvironment,
  isTargetOf,
  mayBeTarget,
  runParallelOf,
  runTargetsOf,
} from "../../../provider/plan/run-targets.js";
import { planVgpu } from "../../../provider/plan/vgpu/plan-vgpu.js";
import { bootFiles, refusalTexts } from "./facts.js";
import { emptyWorld, factsOf } from "./vgpu-world.js";
import { vgpuOf, vgpusOf, worldWith } from "./vgpus.js";

const urn = (kind: string, name: string) =>
  `urn:pulumi:dev::shop::my:c:Rack$pulumi-nodejs:dynamic/vgpu:${kind}::${name}`;
const desk = { owner: "shop/dev", host: "gpu-01", name: "desk-1" };

/** Whether a run with these arguments is about desk-1. */
function isAbout(...argv: string[]): boolean {
  const targets = runTargetsOf(["up", "--yes", ...argv]);
  return targets === null || isTargetOf(targets, desk);
}

describe("how much a run of the engine changes at once", () => {
  it.each([
    [["--parallel", "1"], 1],
    [["--parallel=2"], 2],
    [["-p", "3"], 3],
    [["-p4"], 4],
    [["-yp=5"], 5],
    [["--parallel", "1", "--parallel", "6"], 6],
    [["--parallel", "0"], null],
    [["--parallel", "-1"], null],
    [["--parallel"], null],
    [["-m", "-p"], null],
    [[], null],
  ])("is what %j says", (argv, parallel) => {
    expect(runParallelOf(["up", "--yes", ...argv])).toBe(parallel);
  });
});

describe("a machine of a run with targets", () => {
  const mayBe = (
    argv: readonly string[],
    machine = { owner: "shop/dev", kind: "VgpuHost", name: "gpu-01" },
  ) => {
    const targets = runTargetsOf(["up", ...argv]);
    return targets === null || mayBeTarget(targets, machine);
  };

  it.each([
    [["--target", urn("VgpuHost", "gpu-01")], true],
    [["--target", "**VgpuHost::gpu-01"], true],
    [["--target", "**VgpuHost::gpu-02"], false],
    [["--target", "**GuestDriverInstall::gpu-01"], false],
    [["--target", "**VgpuHost::gpu-02", "--target-dependents"], true],
    [["--exclude", "**VgpuHost::gpu-01"], false],
    [["--exclude", "**VgpuHost::gpu-02"], true],
    [[], true],
  ])("may be looked at with %j: %s", (argv, expected) => {
    expect(mayBe(argv)).toBe(expected);
  });
});

describe("a run of the engine", () => {
  it("is about everything without a target", () => {
    expect(runTargetsOf(["up", "--yes", "--stack", "dev"])).toBeNull();
    expect(isAbout()).toBe(true);
  });

  it.each([
    [["--target", urn("MdevDevice", "desk-1")]],
    [["-t", "**MdevDevice::desk-1"]],
    [["--target=**::desk-*"]],
    [["--target-replace", "**"]],
    [["-yt", "**MdevDevice::desk-1"]],
    [["-t=**MdevDevice::desk-1"]],
    [["-t**MdevDevice::desk-1"]],
    [["-dyt=**MdevDevice::desk-1"]],
    [["-x**::desk-2"]],
    [["-mt=a", "-y=true", "-st"]],
    [["--target", "urn:pulumi:*::shop::**::desk-1"]],
    [["--target", urn("VgpuHost", "gpu-01"), "--target-dependents"]],
    [["--target", "**::desk-2", "--target", "**::desk-1"]],
    [["--exclude", "**::desk-2"]],
    [["t", "**::desk-2"]],
    [["-y", "t", "-=t"]],
  ])("is about the vGPU with %j", (argv) => {
    expect(isAbout(...argv)).toBe(true);
  });

  it.each([
    [["--target", urn("MdevDevice", "desk-11")]],
    [["--target", urn("MdevDevice", "desk-1").replace(":dev:", ":prod:")]],
    [["--target", urn("VgpuHost", "gpu-01")]],
    [["-t", "**MdevDevice::desk-2", "--target-dependents"]],
    [["--target", "*::desk-1"]],
    [["-yt", "**MdevDevice::desk-2"]],
    [["-t=**MdevDevice::desk-2"]],
    [["-t**MdevDevice::desk-2"]],
    [["-yx=**MdevDevice::desk-1"]],
    [["-rfjdeQht", "**MdevDevice::desk-2"]],
    [["--target", "**::desk.1*"]],
    [["--exclude", "**MdevDevice::desk-1"]],
    [["--target", "**", "--exclude=**::desk-1"]],
    [["--target", urn("VgpuHost", "gpu-01"), "--target-dependents=false"]],
    [["--target", urn("VgpuHost", "gpu-01"), "x--target-dependents"]],
    [["--target"]],
    [["-t"]],
  ])("is not about the vGPU with %j", (argv) => {
    expect(isAbout(...argv)).toBe(false);
  });
});

describe("the environment of a run", () => {
  it.each([
    [{ PULUMI_OPTION_TARGET: "**::desk-1,**::desk-2" }, ["--target=**::desk-1", "--target=**::desk-2"]],
    [{ PULUMI_OPTION_EXCLUDE: '"a,b",c""d,"e""f",' }, ['--exclude="a,b",c""d,"e""f",']],
    [{ PULUMI_OPTION_EXCLUDE: '"a,b","e""f",' }, ["--exclude=a,b", '--exclude=e"f', "--exclude="]],
    [{ PULUMI_OPTION_TARGET_REPLACE: "x" }, ["--target-replace=x"]],
    [
      { PULUMI_OPTION_TARGET: "x", PULUMI_OPTION_TARGET_DEPENDENTS: "1" },
      ["--target=x", "--target-dependents=1"],
    ],
    [{ PULUMI_OPTION_PARALLEL: "2", PULUMI_PARALLEL: "3" }, ["--parallel=3", "--parallel=2"]],
    [{ PULUMI_OPTION_TARGET: "", PULUMI_OPTION_YES: "true", TARGET: "x" }, []],
  ])("says as much as a command line: %j", (environment, flags) => {
    expect(flagsOfEnvironment(environment)).toEqual(flags);
  });

  it.each([
    [{ PULUMI_OPTION_TARGET: "**::desk-2" }, [], false],
    [{ PULUMI_OPTION_TARGET: "**::desk-2" }, ["--target", "**::desk-1"], true],
    [{ PULUMI_OPTION_EXCLUDE: "**::desk-1" }, [], false],
    [{ PULUMI_OPTION_TARGET_DEPENDENTS: "True" }, ["-t", urn("VgpuHost", "gpu-01")], true],
    [
      { PULUMI_OPTION_TARGET_DEPENDENTS: "true" },
      ["-t", urn("VgpuHost", "gpu-01"), "--target-dependents=false"],
      false,
    ],
  ])("%j with %j makes it about the vGPU: %s", (environment, argv, expected) => {
    expect(isAbout(...flagsOfEnvironment(environment), ...argv)).toBe(expected);
  });
});

describe("planVgpu in a run with targets", () => {
  const empty = emptyWorld("mdev-on-vf");
  const facts = factsOf(worldWith(empty, vgpusOf(empty, "8Q", { count: 3 })));
  const declared = [1, 2, 3].map((number) => vgpuOf(number, "A40-4Q"));
  const self = vgpuOf(1, "A40-4Q");
  const planWith = (...targets: string[]) =>
    planVgpu({ self, declared, bootFiles, isTargeted: (name) => targets.includes(name) }, facts);

  it("refuses to retire a vGPU that is no target, and names the line that works", () => {
    expect(planWith("desk-1", "desk-3").steps).toEqual([]);
    expect(refusalTexts(planWith("desk-1", "desk-3"))).toEqual([
      `VGPU_PREREQUISITE gpu-01 0000:3b:00.0 desk-1: A40-4Q needs the room of vGPUs that this run is not about
Saw: desk-2 (NVIDIA A40-8Q) in its way; they are no targets of the run (its --target or --exclude)
Expected: a run that is about all that it retires, so that it makes them again as the program has them
Next: run without --target and --exclude; or with --target '**MdevDevice::desk-2' too`,
    ]);
  });

  it("retires those that are targets, and itself", () => {
    expect(planWith("desk-2", "desk-3").steps.map(({ kind }) => kind)).toEqual([
      "retire-vgpu",
      "retire-vgpu",
      "retire-vgpu",
      "make-vgpu",
    ]);
  });
});
