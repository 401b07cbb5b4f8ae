import { describe, expect, it } from "vitest";
import type { GpuFacts, HostFacts } from "../../../provider/model/facts.js";
import type { DesiredHost } from "../../../provider/plan/desired.js";
import { planHost } from "../../../provider/plan/host/plan-host.js";
import { desiredHost, driverOf, gpuFacts, hostFacts, managerVersion, refusalTexts } from "./facts.js";
import { finishedHost } from "./finished-host.js";

const refusals = (facts: HostFacts, desired: Partial<DesiredHost> = {}) =>
  refusalTexts(planHost(desiredHost(desired), facts));

describe("boards and the declared release", () => {
  const board = (deviceId: string, subsystemId: string, address = "0000:3b:00.0"): GpuFacts =>
    gpuFacts({ deviceId, subsystemId, address });
  const p100 = board("10de:15f8", "10de:118f");
  const driver = (release: string, version: string) => ({ driver: driverOf(version, { release }) });

  it("names a board that the release has left, with the last branch that has it, before any reboot", () => {
    expect(refusals(hostFacts({ gpus: [p100] }), driver("20.1", "595.71.03"))).toEqual([
      `VGPU_PREREQUISITE gpu-01 0000:3b:00.0: release 20.1 has no vGPU for a Tesla P100 PCIe 16GB
Saw: 10de:15f8 (Pascal); its last branch is 16 (NVIDIA's vGPU lifecycle pages, as a field report quotes them (anomixer/proxmox-vgpu-installer#29): Pascal ended with 16, V100 and Quadro RTX 6000/8000 with 19)
Expected: a release of branch 16 or earlier
Next: declare a release of branch 16 or earlier, or leave this GPU out of gpus`,
    ]);
  });

  it.each([
    ["10de:15f8", "10de:118f", "16.4", "535.161.05", 0],
    ["10de:15f8", "10de:118f", "17.4", managerVersion, 1],
    ["10de:1db4", "10de:1214", "19.0", "580.65.05", 0],
    ["10de:1db4", "10de:1214", "20.0", "595.58.02", 1],
    ["10de:1e30", "10de:129e", "20.0", "595.58.02", 1],
    ["10de:1eb8", "10de:12a2", "20.0", "595.58.02", 0],
    ["10de:ffff", "10de:0001", "20.0", "595.58.02", 0],
  ])("knows whether %s (%s) has release %s", (deviceId, subsystemId, release, version, count) => {
    expect(
      refusals(hostFacts({ gpus: [board(deviceId, subsystemId)] }), driver(release, version)),
    ).toHaveLength(count);
  });

  it.each([
    ["10de:1e30", "1028:129e", "Quadro RTX 6000 or Quadro RTX 8000"],
    ["10de:1df6", "10de:13d7", "Tesla V100S PCIe 32GB"],
  ])(
    "knows what a make of its own (%s %s) has in common with all of its device id",
    (deviceId, subsystemId, name) => {
      const facts = hostFacts({ gpus: [board(deviceId, subsystemId)] });
      expect(refusals(facts, driver("20.1", "595.71.03")).join("\n")).toContain(
        `release 20.1 has no vGPU for a ${name}\nSaw: ${deviceId} `,
      );
      expect(refusals(facts, driver("19.0", "580.65.05"))).toEqual([]);
    },
  );

  it("says nothing of a board whose driver is there: the host decides", () => {
    const facts = {
      ...finishedHost(),
      gpus: [{ ...p100, driver: "nvidia", vgpuInterface: "mdev-on-pf" as const, absence: null }],
    };
    expect(refusals(facts)).toEqual([]);
  });

  const a40 = board("10de:2235", "10de:145a", "0000:3b:00.0");
  const l40s = board("10de:26b9", "10de:1851", "0000:af:00.0");
  const both = { gpus: { "0000:3b:00.0": { usage: "vgpu" }, "0000:af:00.0": { usage: "vgpu" } } } as const;

  it("names boards that cannot share the host's one kind of kernel modules", () => {
    expect(refusals(hostFacts({ gpus: [a40, l40s] }), { ...both, ...driver("18.0", "570.124.03") })).toEqual([
      `VGPU_PREREQUISITE gpu-01: driver 570.124.03 cannot serve all declared GPUs: a host has one kind of kernel modules
Saw: NVIDIA A40 at 0000:3b:00.0 with proprietary modules; NVIDIA L40S at 0000:af:00.0 with open ones; open ones would be installed
Expected: boards that share the open modules: the others would be ignored
Next: leave 0000:3b:00.0 out of gpus, or take the boards of one kind out of this host`,
    ]);
  });

  it("takes a board that the catalog does not know for one with open modules, as the installer does", () => {
    const t4 = board("10de:1eb8", "10de:12a2", "0000:3b:00.0");
    const t400 = board("10de:1fb2", "10de:1489", "0000:af:00.0");
    expect(refusals(hostFacts({ gpus: [t4, t400] }), driver("18.0", "570.124.03"))).toEqual([
      `VGPU_PREREQUISITE gpu-01: driver 570.124.03 cannot serve all declared GPUs: a host has one kind of kernel modules
Saw: Tesla T4 at 0000:3b:00.0 with proprietary modules; 10de:1fb2 at 0000:af:00.0 with open ones; open ones would be installed
Expected: boards that share the open modules: the others would be ignored
Next: leave 0000:3b:00.0 out of gpus, or take the boards of one kind out of this host`,
    ]);
    const unknown = board("10de:ffff", "10de:0001", "0000:3b:00.0");
    expect(
      refusals(hostFacts({ gpus: [unknown, l40s] }), { ...both, ...driver("18.0", "570.124.03") }),
    ).toEqual([]);
  });

  it.each(["10de:1db8", "10de:20b3", "10de:25b6"])(
    "has no kind for another make of a listed board: %s",
    (id) => {
      const another = board(id, "10de:ffff", "0000:af:00.0");
      expect(refusals(hostFacts({ gpus: [a40, another] }), driver("18.0", "570.124.03"))).toEqual([]);
    },
  );

  it("goes by the first GPU in R550, by any GPU from R560, declared or not, and by none before", () => {
    const host = hostFacts({ gpus: [a40, l40s] });
    const first = refusals(host, { ...both, ...driver("17.4", managerVersion) });
    expect(first.join("\n")).toContain("proprietary ones would be installed");
    expect(first.join("\n")).toContain("leave 0000:af:00.0 out of gpus");
    expect(refusals(host, driver("17.4", managerVersion))).toEqual([]);
    expect(refusals(host, driver("18.0", "570.124.03"))).toHaveLength(1);
    expect(refusals(host, { ...both, ...driver("16.4", "535.161.05") })).toEqual([]);
    expect(refusals(hostFacts({ gpus: [a40] }), driver("18.0", "570.124.03"))).toEqual([]);
  });
});
