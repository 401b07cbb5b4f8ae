import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runDestroy, runPreview, runUp } from "../../fleet/run.js";
import { uuidOf, vgpusOf } from "./bed.js";
import { endStateOf, leftoversOn, linesOf } from "./end-state.js";
import { killAfterEachCommand } from "./killing.js";
import { asRecorded, gpuOf, liveTypes, recordedVgpus } from "./live-vgpus.js";
import { hostName, type MttyBed, type MttyHost, openMttyBed } from "./mtty-bed.js";
import { changesSince, commandsSince, noteOf } from "./untouched.js";

let bed: MttyBed;
beforeAll(async () => {
  bed = await openMttyBed();
});
afterAll(() => bed.close());

type Mdevs = Readonly<Record<string, string>>;

const types = "/sys/class/mdev_bus/mtty/mdev_supported_types";

/** Fails unless exactly these are there and noted, beside those of others. */
async function expectLive(host: MttyHost, mdevs: Mdevs, foreign: readonly string[] = []): Promise<void> {
  expect(await liveTypes(host.machine)).toEqual([...Object.values(mdevs), ...foreign].sort());
  expect(await recordedVgpus(host.machine)).toEqual(asRecorded(mdevs));
  expect(await leftoversOn(host.machine)).toEqual([]);
}

/** Fails unless the next up looks once and finds nothing to do. */
async function expectNothingToDo(host: MttyHost, mdevs: Mdevs): Promise<void> {
  const before = await noteOf(host.machine);
  const changes = await runUp(host.program(mdevs), host.statePath);
  expect(new Set(Object.values(changes))).toEqual(new Set(["unchanged"]));
  expect(await commandsSince(host.machine, before)).toEqual(["pulumi-vgpu:observe-host"]);
}

/** Returns the outputs that are stored of a resource. */
function outputsOf(host: MttyHost, resource: string): Record<string, unknown> {
  const state = JSON.parse(readFileSync(host.statePath, "utf8"));
  return state[resource].outputs;
}

describe.concurrent("mdevs of the kernel's mtty, on a host without anything of NVIDIA's", () => {
  it("are made, stay as they are, and go again, with the IOMMU off and nouveau left alone", async () => {
    const host = await bed.host("plain", { iommu: false });
    const bare = await endStateOf(host.machine);
    const before = await noteOf(host.machine);
    const mdevs = { "a-1": "mtty-2", "a-2": "mtty-1" };
    await runUp(host.program(mdevs), host.statePath);
    await expectLive(host, mdevs);
    const changes = await changesSince(host.machine, before);
    console.log(`two mdevs from bare: ${(await commandsSince(host.machine, before)).join(" ")}`);
    expect(changes).toEqual(
      ["claim", "install-boot-unit", "vgpus", "vgpus"].map((name) => `pulumi-vgpu:${name}`),
    );
    expect(await linesOf(host.machine, `cat /etc/pulumi-vgpu/vgpu/${uuidOf("a-1")}`)).toEqual([
      "state=done",
      "owner=fleet/test",
      "name=a-1",
      "interface=mdev-on-parent",
      "parent=mtty",
      "type=mtty-2",
      "keep=no",
    ]);
    expect(await linesOf(host.machine, "mdevctl list -d")).toContain(
      `${uuidOf("a-2")} mtty mtty-1 manual (active)`,
    );
    expect(outputsOf(host, "a-1")).toMatchObject({
      parent: "mtty",
      mdevType: "mtty-2",
      vgpuInterface: "mdev-on-parent",
      deviceApi: "vfio-pci",
      restoredAtBoot: true,
    });
    expect(Object.keys(outputsOf(host, hostName)).sort()).toEqual([
      "connection",
      "gpus",
      "managed",
      "name",
      "observed",
      "owner",
      "reboot",
    ]);
    await expectNothingToDo(host, mdevs);
    await runDestroy(host.statePath);
    expect(await endStateOf(host.machine)).toEqual(bare);
    expect((await host.machine.counters()).boots).toBe(before.boots);
  });

  it("change their types in one up on a full device, and leave what others made on it", {
    timeout: 120_000,
  }, async () => {
    const host = await bed.host("changing");
    await host.machine.shell(
      `for n in 10 11 12 13 14 15 16 17 18 19; do echo 11111111-2222-4333-8444-5555555555$n > ${types}/mtty-2/create; done`,
    );
    const foreign = Array.from({ length: 10 }, () => "mtty-2");
    const programs = [
      vgpusOf("mtty-2", 2),
      vgpusOf("mtty-1", 2),
      { ...vgpusOf("mtty-1", 2), ...vgpusOf("mtty-1", 2, "b") },
      vgpusOf("mtty-2", 2),
      vgpusOf("mtty-2", 2, "c"),
    ];
    for (const [index, mdevs] of programs.entries()) {
      await runUp(host.program(mdevs), host.statePath, { serial: index % 2 === 1 });
      await expectLive(host, mdevs, foreign);
    }
    await expectNothingToDo(host, programs.at(-1) ?? {});
  });

  it("are there again after a reboot, also when their driver is loaded late", {
    timeout: 120_000,
  }, async () => {
    const mdevs = vgpusOf("mtty-1", 2);
    for (const loadAfterMs of [undefined, 1500]) {
      const late = loadAfterMs === undefined ? {} : { loadAfterMs };
      const host = await bed.host(`boots-${loadAfterMs ?? "listed"}`, late);
      if (loadAfterMs !== undefined) await host.machine.shell("modprobe mtty");
      await runUp(host.program(mdevs), host.statePath);
      for (const reboot of ["reboot", "power-loss"] as const) {
        await host.machine.restart(reboot);
        await expectLive(host, mdevs);
        await expectNothingToDo(host, mdevs);
      }
    }
  });

  it("that exist as declared are taken over, and left when they are no longer declared", async () => {
    const host = await bed.host("adopts");
    await host.machine.shell(`echo ${uuidOf("a-1")} > ${types}/mtty-2/create`);
    await runUp(host.program({ "a-1": "mtty-2" }), host.statePath);
    expect(await linesOf(host.machine, `grep adopted /etc/pulumi-vgpu/vgpu/${uuidOf("a-1")}`)).toEqual([
      "adopted=yes",
    ]);
    await expectNothingToDo(host, { "a-1": "mtty-2" });
    await runUp(host.program({}), host.statePath);
    expect(await liveTypes(host.machine)).toEqual(["mtty-2"]);
    expect(await recordedVgpus(host.machine)).toEqual([]);
  });

  it("end as undisturbed ones when each run is killed (-9) one command later", {
    timeout: 300_000,
  }, async () => {
    const [plain, killed] = await Promise.all([bed.host("undisturbed"), bed.host("killed")]);
    const mdevs = vgpusOf("mtty-2", 2);
    const bare = await endStateOf(killed.machine);
    await runUp(plain.program(mdevs), plain.statePath);
    const up = { task: "up", program: killed.program(mdevs), statePath: killed.statePath } as const;
    const kills = await killAfterEachCommand(killed.machine, up, "all");
    expect(await endStateOf(killed.machine)).toEqual(await endStateOf(plain.machine));
    const destroy = { task: "destroy", program: [], statePath: killed.statePath } as const;
    const killsDown = await killAfterEachCommand(killed.machine, destroy, "all");
    expect(await endStateOf(killed.machine)).toEqual(bare);
    console.log(`mtty: killed after ${kills.length} commands of up, ${killsDown.length} of destroy`);
  });
});

const mdevs = "/sys/bus/mdev/devices";
const drifts: readonly {
  readonly title: string;
  readonly shell: string;
  readonly named: Readonly<Record<string, readonly string[]>>;
}[] = [
  {
    title: "a definition is removed",
    shell: `mdevctl undefine -u ${uuidOf("a-2")}`,
    named: { "a-2": ["defined"] },
  },
  {
    title: "a definition is made automatic",
    shell: `mdevctl modify -u ${uuidOf("a-2")} -p mtty -a`,
    named: { "a-2": ["defined"] },
  },
  {
    title: "an mdev is removed",
    shell: `echo 1 > ${mdevs}/${uuidOf("a-2")}/remove`,
    named: { "a-2": ["gone"] },
  },
  {
    title: "the type of an mdev is changed",
    shell: `echo 1 > ${mdevs}/${uuidOf("a-2")}/remove
      echo ${uuidOf("a-2")} > ${types}/mtty-1/create`,
    named: { "a-2": ["mdevType", "restoredAtBoot"] },
  },
  {
    title: "the boot unit is disabled",
    shell: "systemctl disable pulumi-vgpu 2> /dev/null",
    named: { "a-1": ["restoredAtBoot"], "a-2": ["restoredAtBoot"] },
  },
  {
    title: "the module was unloaded for a while",
    shell: "rmmod mtty; modprobe mtty",
    named: { "a-1": ["gone"], "a-2": ["gone"] },
  },
];

describe("a host with mtty that was changed by hand", () => {
  const declared = vgpusOf("mtty-2", 2);
  let host: MttyHost;
  beforeAll(async () => {
    host = await bed.host("drifts");
    await runUp(host.program(declared), host.statePath);
  });

  it.each(drifts)("shows it by property and is healed by one up: $title", async ({ shell, named }) => {
    expect(await host.machine.shell(shell)).toMatchObject({ code: 0, stderr: "" });
    const previews = await runPreview(host.program(declared), host.statePath);
    const different = Object.entries(previews).filter(([, { changes }]) => changes !== false);
    const drift = different.map(([name, { changes, differs }]) => [
      name,
      changes === null ? ["gone"] : differs,
    ]);
    expect(Object.fromEntries(drift)).toEqual(named);
    await runUp(host.program(declared), host.statePath);
    await expectLive(host, declared);
    await expectNothingToDo(host, declared);
  });

  it("says that the parent is gone while its module is not loaded", async () => {
    await host.machine.shell("rmmod mtty");
    const { "a-1": preview } = await runPreview(host.program(declared), host.statePath);
    expect(preview?.failures.map(({ reason }) => reason)).toEqual([
      `VGPU_NO_SUCH_PARENT ${hostName} mtty a-1: cannot make mtty-2
Saw: no parent in /sys/class/mdev_bus but NVIDIA's
Expected: a parent mtty there, of a driver that is not NVIDIA's
Next: load the driver of mtty, and let the host load it at each boot (/etc/modules-load.d)
Property: parent`,
    ]);
    await runDestroy(host.statePath);
    expect(await linesOf(host.machine, "ls -d /etc/mdevctl.d/mtty /etc/pulumi-vgpu 2> /dev/null")).toEqual(
      [],
    );
    expect((await gpuOf(host.machine)).vgpus).toEqual([]);
  });
});
