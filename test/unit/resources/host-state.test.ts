import { describe, expect, it } from "vitest";
import { bootFileHashes } from "../../../provider/apply/boot-unit.js";
import type { HostFacts } from "../../../provider/model/facts.js";
import { liveHostInputs, observedHost } from "../../../provider/resources/host-state.js";
import { diffByTable } from "../../../provider/resources/lifecycle.js";
import { checkInputs } from "../../../provider/schema/check-inputs.js";
import { type VgpuHostInputs, vgpuHostSchema } from "../../../provider/schema/inputs.js";
import { gpuAddress, serviceOf } from "../plan/facts.js";
import { finishedHost, vfs } from "../plan/finished-host.js";

const declared = {
  name: "gpu-01",
  owner: "shop/dev",
  connection: { host: "gpu-01.lab" },
  driver: { release: "17.4" },
  gpus: { [gpuAddress]: { usage: "vgpu" } },
};
const inputs = checkInputs(vgpuHostSchema, declared, "gpu-01").inputs as VgpuHostInputs;
const finished: HostFacts = {
  ...finishedHost(),
  manifest: { ...finishedHost().manifest, bootFiles: bootFileHashes() },
};

/** The properties that differ between the declared host and the live one. */
function drift(facts: HostFacts): Record<string, unknown> {
  const live = { ...inputs, ...liveHostInputs(inputs, facts) };
  return Object.fromEntries(
    Object.entries(live).filter(([key, value]) => {
      const wanted = { [key]: Reflect.get(inputs, key) };
      return diffByTable({}, { [key]: value }, wanted).changes;
    }),
  );
}

describe("liveHostInputs", () => {
  it("gives back the declared words when the host is as declared", () => {
    expect(drift(finished)).toEqual({});
  });

  it.each<[string, (facts: HostFacts) => HostFacts, Record<string, unknown>]>([
    [
      "a host that nobody manages",
      (facts) => ({ ...facts, manifest: { ...facts.manifest, owner: null } }),
      {
        managed:
          "no: /etc/pulumi-vgpu/host is gone, and with it who manages the host and whether nouveau ran before; destroy will take away what the records beside it name, and what is made from now on",
      },
    ],
    [
      "a block of nouveau that is gone",
      (facts) => ({ ...facts, nouveauBlockedBy: [] }),
      { nouveau: "not blocked" },
    ],
    [
      "a vGPU manager that is down",
      (facts) => ({
        ...facts,
        services: { ...facts.services, "nvidia-vgpu-mgr.service": serviceOf("failed") },
      }),
      { managerService: "failed" },
    ],
    [
      "a boot unit that is disabled",
      (facts) => ({
        ...facts,
        services: { ...facts.services, "pulumi-vgpu.service": serviceOf("inactive") },
      }),
      { restoredAtBoot: false },
    ],
    [
      "virtual functions that are off",
      (facts) => ({
        ...facts,
        gpus: facts.gpus.map((gpu) => ({ ...gpu, virtualFunctions: vfs.slice(0, 3) })),
      }),
      { gpus: { [gpuAddress]: { usage: "3 of 32 virtual functions" } } },
    ],
    [
      "a GPU that is gone",
      (facts) => ({ ...facts, gpus: [] }),
      { gpus: { [gpuAddress]: { usage: "absent" } } },
    ],
    [
      "a GPU that offers nothing",
      (facts) => ({
        ...facts,
        gpus: facts.gpus.map((gpu) => ({
          ...gpu,
          vgpuInterface: null,
          absence: "its virtual functions are off",
        })),
      }),
      { gpus: { [gpuAddress]: { usage: "none: its virtual functions are off" } } },
    ],
    [
      "another driver",
      (facts) => ({ ...facts, installedDriver: "535.129.03", loadedDriver: "535.129.03" }),
      { driver: { release: "16.2" } },
    ],
  ])("shows %s under its property", (_title, change, expected) => {
    expect(drift(change(finished))).toEqual(expected);
  });

  it("says nothing of a driver that is not declared, nor of a boot unit without GPUs", () => {
    const { driver: _driver, ...without } = inputs;
    const live = liveHostInputs({ ...without, gpus: {} } as VgpuHostInputs, {
      ...finished,
      loadedDriver: null,
    });
    expect(Object.keys(live).sort()).toEqual(["gpus", "managed"]);
  });
});

describe("observedHost", () => {
  it("has the stable facts of the declared GPUs", () => {
    expect(observedHost(inputs, finished)).toEqual({
      hostname: "gpu-01",
      os: "Debian GNU/Linux 12 (bookworm)",
      managerVersion: "550.127.06",
      gpus: {
        [gpuAddress]: {
          board: expect.stringContaining("A40"),
          vgpuInterface: "mdev-on-vf",
          virtualFunctions: 32,
        },
      },
    });
  });
});
