import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runPreview, runUp } from "../../fleet/run.js";
import { type Bed, type HostBed, type HostKindName, openBed, smallHosts } from "./bed.js";
import { linesOf } from "./end-state.js";
import { gpuOf } from "./live-vgpus.js";
import { driftOf, expectNothingToDo, madeHost, programOf } from "./made-host.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

interface Drift {
  readonly title: string;
  readonly kind: HostKindName;
  /** Lines of shell that change the host behind Pulumi's back. */
  readonly shell: string;
  readonly reboot?: boolean;
  /** Properties that preview names, by resource. */
  readonly named: Readonly<Record<string, readonly string[]>>;
}

const mdevs = "/sys/bus/mdev/devices";
const drifts: readonly Drift[] = [
  {
    title: "a definition is removed",
    kind: "ampereMdev",
    shell: `mdevctl undefine -u $(ls ${mdevs} | head -n 1)`,
    named: { "a-2": ["defined"] },
  },
  {
    title: "a definition is made automatic",
    kind: "ampereMdev",
    shell: `u=$(ls ${mdevs} | head -n 1); mdevctl modify -u $u -p $(basename $(dirname $(readlink -f ${mdevs}/$u))) -a`,
    named: { "a-2": ["defined"] },
  },
  {
    title: "a vGPU is removed",
    kind: "turingLegacy",
    shell: `u=$(ls ${mdevs} | head -n 1); echo 1 > ${mdevs}/$u/remove`,
    named: { "a-2": ["gone"] },
  },
  {
    title: "the type of a vGPU is changed",
    kind: "turingLegacy",
    shell: `for u in $(ls ${mdevs}); do echo 1 > ${mdevs}/$u/remove; last=$u; done
      t=$(dirname $(grep -l T4-2Q /sys/class/mdev_bus/0000:3b:00.0/mdev_supported_types/*/name)); echo $last > $t/create`,
    named: { "a-1": ["type", "restoredAtBoot"], "a-2": ["gone"] },
  },
  {
    title: "the virtual functions are off",
    kind: "adaVendorVfio",
    shell:
      "for f in /sys/bus/pci/devices/*/nvidia/current_vgpu_type; do echo 0 > $f; done; /usr/lib/nvidia/sriov-manage -d 0000:26:00.0",
    named: { "gpu-host": ["gpus.0000:26:00.0.usage"], "a-1": ["gone"], "a-2": ["gone"] },
  },
  {
    title: "a service is stopped",
    kind: "turingLegacy",
    shell: "systemctl stop nvidia-vgpu-mgr",
    named: { "gpu-host": ["managerService"] },
  },
  {
    title: "the boot unit is disabled",
    kind: "turingLegacy",
    shell: "systemctl disable pulumi-vgpu 2> /dev/null",
    named: { "gpu-host": ["restoredAtBoot"], "a-1": ["restoredAtBoot"], "a-2": ["restoredAtBoot"] },
  },
  {
    title: "the boot script is edited",
    kind: "turingLegacy",
    shell: "echo >> /usr/local/lib/pulumi-vgpu/restore",
    named: { "gpu-host": ["restoredAtBoot"], "a-1": ["restoredAtBoot"], "a-2": ["restoredAtBoot"] },
  },
  {
    title: "the driver is uninstalled",
    kind: "turingLegacy",
    shell: `for u in $(ls ${mdevs}); do echo 1 > ${mdevs}/$u/remove; done; nvidia-uninstall --silent`,
    reboot: true,
    named: {
      "gpu-host": ["driver.release", "gpus.0000:3b:00.0.usage", "managerService"],
      "a-1": ["gone"],
      "a-2": ["gone"],
    },
  },
  {
    title: "our claim is removed",
    kind: "turingLegacy",
    shell: "rm /etc/pulumi-vgpu/host",
    named: { "gpu-host": ["managed"] },
  },
];

describe.for(Object.keys(smallHosts) as HostKindName[])("a host that was changed by hand (%s)", (kind) => {
  let host: HostBed;
  beforeAll(async () => {
    host = await madeHost(bed, kind, kind);
  });

  it.for(drifts.filter((drift) => drift.kind === kind))(
    "shows it by property and is healed by one up: $title",
    async ({ shell, reboot, named }) => {
      const before = await gpuOf(host.machine);
      expect(await host.machine.shell(shell)).toMatchObject({ code: 0, stderr: "" });
      if (reboot) await host.machine.restart("reboot");
      expect(await driftOf(host)).toEqual(named);
      await runUp(programOf(host), host.statePath);
      const after = await gpuOf(host.machine);
      expect(after.vgpus).toHaveLength(2);
      expect(after.vgpus).toEqual(expect.arrayContaining([...before.vgpus]));
      expect(after.virtualFunctions).toBe(before.virtualFunctions);
      await expectNothingToDo(host);
    },
  );
});

describe("a function of vendor-specific VFIO on which somebody put another type", () => {
  it("keeps it: preview and up refuse the vGPU that was there, boot tells it, and cleared by hand it is healed", {
    timeout: 300_000,
  }, async () => {
    const host = await madeHost(bed, "another-type", "adaVendorVfio");
    const before = await gpuOf(host.machine);
    const [file = ""] = await linesOf(
      host.machine,
      "grep -Lx 0 /sys/bus/pci/devices/*/nvidia/current_vgpu_type | sort | head -n 1",
    );
    const changed = `echo 0 > ${file}; n=$(sed -n 's/ *:.*A2-4C$//p' ${file.replace("current", "creatable").replace("_type", "_types")}); echo $n > ${file}`;
    expect(await host.machine.shell(changed)).toMatchObject({ code: 0, stderr: "" });
    const stranger = await gpuOf(host.machine);
    expect(stranger.vgpus).not.toEqual(before.vgpus);
    const previews = await runPreview(programOf(host), host.statePath);
    const reasons = Object.values(previews).flatMap(({ failures }) => failures.map(({ reason }) => reason));
    expect(reasons.join("\n")).toContain("VGPU_FOREIGN");
    await expect(runUp(programOf(host), host.statePath)).rejects.toThrow("VGPU_FOREIGN");
    expect(await host.machine.shell("/usr/local/lib/pulumi-vgpu/restore")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/holds a vGPU of type 'NVIDIA A2-4C', not NVIDIA A2-4Q/),
    });
    expect((await gpuOf(host.machine)).vgpus).toEqual(stranger.vgpus);
    await host.machine.shell(`echo 0 > ${file}`);
    await runUp(programOf(host), host.statePath);
    expect((await gpuOf(host.machine)).vgpus).toEqual(expect.arrayContaining([...before.vgpus]));
    await expectNothingToDo(host);
  });
});
