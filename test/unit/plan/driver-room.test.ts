import { describe, expect, it } from "vitest";
import type { HostFacts } from "../../../provider/model/facts.js";
import type { InstallerFolder } from "../../../provider/model/installation-facts.js";
import { planHost } from "../../../provider/plan/host/plan-host.js";
import {
  desiredHost,
  driverOf,
  gpuFacts,
  hostFacts,
  installationOf,
  managerVersion,
  refusalTexts,
} from "./facts.js";
import { finishedHost } from "./finished-host.js";

const mib = 1024;
const usr = (changes: Partial<InstallerFolder>): InstallerFolder => ({
  path: "/usr",
  mount: "/usr",
  freeKib: 9000 * mib,
  options: ["rw"],
  ...changes,
});
const on = (...driverFolders: readonly InstallerFolder[]): HostFacts => ({
  ...hostFacts({ gpus: [gpuFacts()] }),
  ...installationOf({ driverFolders }),
});
const driver = driverOf(managerVersion);
const sized = {
  ...driver,
  package: { localPath: "/m.run", remotePath: null, sha256: "ab", bytes: 100 * mib * mib },
};
const refusals = (facts: HostFacts, wanted: typeof driver = sized) =>
  refusalTexts(planHost(desiredHost({ driver: wanted }), facts));

describe("the place for the driver's files", () => {
  it("has room for more than the package at least", () => {
    expect(refusals(on(usr({ freeKib: 100 * mib })))).toEqual([]);
    expect(
      refusals(on(usr({}), usr({ path: "/lib/modules/1", mount: "/", freeKib: 100 * mib - 1 }))),
    ).toEqual([
      `VGPU_PREREQUISITE gpu-01: the machine has no place for the driver
Saw: /lib/modules/1: / has room for 99 MiB (df)
Expected: room for 100 MiB at least: the driver's files go there
Next: make room on /, run again`,
    ]);
  });

  it("has room for what any driver takes where the package's size is not known", () => {
    expect(refusals(on(usr({ freeKib: 64 * mib })), driver)).toEqual([]);
    expect(refusals(on(usr({ freeKib: 64 * mib - 1 })), driver)).toHaveLength(1);
    expect(refusals(on(usr({ freeKib: null })), driver)).toEqual([]);
  });

  it("can be written, whatever room it has", () => {
    expect(refusals(on(usr({ options: ["ro", "relatime"] })))).toEqual([
      `VGPU_PREREQUISITE gpu-01: the machine has no place for the driver
Saw: /usr: /usr is mounted read-only (/proc/self/mounts)
Expected: a file system for /usr that can be written: the driver's files go there
Next: mount -o remount,rw /usr, run again`,
    ]);
  });

  it("may be full where another driver goes before, which makes room", () => {
    const older = { ...on(usr({ freeKib: 0 })), installedDriver: "535.129.03" };
    expect(refusals(older)).toEqual([]);
    expect(
      refusals({ ...older, ...installationOf({ driverFolders: [usr({ options: ["ro"] })] }) }),
    ).toHaveLength(1);
  });

  it("is asked of nobody who installs nothing", () => {
    const { installation } = installationOf({ driverFolders: [usr({ freeKib: 0, options: ["ro"] })] });
    expect(refusals({ ...finishedHost(), installation })).toEqual([]);
  });
});
