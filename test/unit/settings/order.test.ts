import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { settingRemovalSteps, settingSteps } from "../../../provider/plan/host/gpu-settings.js";
import type { Step } from "../../../provider/plan/steps.js";
import { settingKind, settingScript, settings } from "../../../provider/settings/order.js";
import type { Setting, SettingChange } from "../../../provider/settings/setting.js";
import { desiredHost, gpuAddress, gpuFacts, hostFacts } from "../plan/facts.js";

const folder = join(__dirname, "../../../provider/settings");
const folders = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const other = "0000:86:00.0";
const facts = hostFacts({ gpus: [gpuFacts({ address: gpuAddress }), gpuFacts({ address: other })] });
const desired = {
  ...desiredHost(),
  gpus: { [gpuAddress]: { usage: "vgpu" }, [other]: { usage: "vgpu" } },
} as const;

/** A setting that is never as declared, nor as nobody declared it; its steps have its name as their cause. */
function restless(name: string): Setting {
  const change = (where: string, gpu: string): SettingChange => ({
    ...{ kind: "disable-vfs", gpu, target: where, cause: name, disruption: "none" },
  });
  return {
    name,
    files: [],
    steps: ({ where, gpu }) => [change(where, gpu.address)],
    removal: ({ where, gpu }) => [change(where, gpu.address)],
    kinds: {},
  };
}

const told = (steps: readonly Step[]) => steps.map(({ cause, target }) => `${cause} of ${target}`);

describe("the table of settings", () => {
  it("has each folder once", () => {
    expect(settings.map(({ name }) => name).toSorted()).toEqual(folders.toSorted());
  });

  it.each(settings.map((setting) => [setting.name, setting] as const))(
    "has of %s the shell files that its folder has: one for each kind of step, and those that it names",
    (name, { files, kinds }) => {
      const there = readdirSync(join(folder, name)).filter((file) => file.endsWith(".sh"));
      expect(there.toSorted()).toEqual(
        [...files, ...Object.keys(kinds)].map((file) => `${file}.sh`).toSorted(),
      );
    },
  );

  it("has each kind of step and each argument once", () => {
    const kinds = settings.flatMap((setting) => Object.keys(setting.kinds));
    expect(new Set(kinds).size).toBe(kinds.length);
    const names = settings.flatMap(({ argument }) => (argument === undefined ? [] : [argument.name]));
    expect(new Set(names).size).toBe(names.length);
  });

  it("knows no step that changes no setting", () => {
    expect(settingKind("claim-host")).toBeNull();
    expect(settingKind("constructor")).toBeNull();
    expect(settingScript("claim-host")).toBeNull();
    expect(settingScript("constructor")).toBeNull();
  });
});

describe("the settings of a host's GPUs", () => {
  const table = [restless("first"), restless("second")];

  it("are changed one after the other, each on every declared GPU", () => {
    expect(told(settingSteps(desired, facts, table))).toEqual([
      `first of gpu-01 ${gpuAddress}`,
      `first of gpu-01 ${other}`,
      `second of gpu-01 ${gpuAddress}`,
      `second of gpu-01 ${other}`,
    ]);
  });

  it("are given one boot, after the last of them that takes one and before those that it would wipe", () => {
    const slow = (name: string): Setting => ({ ...restless(name), awaitsBoot: () => `${name} waits` });
    const one = { ...desired, gpus: { [other]: { usage: "vgpu" } } } as const;
    const steps = settingSteps(one, facts, [
      slow("first"),
      restless("second"),
      slow("third"),
      restless("last"),
    ]);
    expect(told(steps)).toEqual([
      `first of gpu-01 ${other}`,
      `second of gpu-01 ${other}`,
      `third of gpu-01 ${other}`,
      "first waits; third waits of gpu-01",
      `last of gpu-01 ${other}`,
    ]);
    expect(steps.filter(({ kind }) => kind === "reboot-machine")).toHaveLength(1);
  });

  it("are left alone on a GPU that is not declared", () => {
    const one = { ...desired, gpus: { [other]: { usage: "vgpu" } } } as const;
    expect(told(settingSteps(one, facts, table))).toEqual([
      `first of gpu-01 ${other}`,
      `second of gpu-01 ${other}`,
    ]);
  });

  it("are taken away from the end, whatever is declared", () => {
    expect(told(settingRemovalSteps("gpu-01", facts, table))).toEqual([
      `second of gpu-01 ${gpuAddress}`,
      `second of gpu-01 ${other}`,
      `first of gpu-01 ${gpuAddress}`,
      `first of gpu-01 ${other}`,
    ]);
  });
});
