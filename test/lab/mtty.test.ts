// mdevs of a driver that is neither NVIDIA's nor ours, on a real kernel: examples/other-drivers.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LabMachine } from "../../tools/lab/vm/lab-machine.js";
import { startLabMachine } from "../../tools/lab/vm/start.js";
import { quickProgram } from "../engine/support/declared-stack.js";
import { type ExampleStack, openExampleStack } from "../engine/support/example-stack.js";
import { mustSucceed } from "../engine/support/stack.js";
import {
  defineDomain,
  holdingDomains,
  mustRun,
  startDomain,
  stopDomain,
  undefineDomain,
} from "./support/domain.js";
import { expectInUse } from "./support/in-use.js";
import { connectionTo } from "./support/lab-host.js";
import { changesFromNow, differences, type Tree, treeOf } from "./support/tree.js";

describe("a host with the kernel's sample mdev driver", () => {
  let machine: LabMachine;
  let example: ExampleStack;
  let bare: Tree;

  async function declare(mdevs: Readonly<Record<string, string>>): Promise<void> {
    const declared = Object.entries(mdevs).map(([name, mdevType]) => [name, { parent: "mtty", mdevType }]);
    const connection = connectionTo(machine, example.project.stateDir);
    const hosts = { "kvm-01": { connection, mdevs: Object.fromEntries(declared) } };
    await example.stack.setConfig("inventory", JSON.stringify({ hosts }));
  }
  const up = () => example.stack.up(["--skip-preview"]);
  const unchanged = async () => {
    mustSucceed(await example.stack.up(["--skip-preview", "--expect-no-changes"]));
  };
  const liveTypes = async () =>
    (await mustRun(machine, "basename -a $(readlink /sys/bus/mdev/devices/*/mdev_type)"))
      .trim()
      .split("\n")
      .sort();

  beforeAll(async () => {
    machine = await startLabMachine({ name: "kvm-01", kind: "mtty" });
    await machine.writeFile("/etc/modules-load.d/mtty.conf", "mtty\n");
    await mustRun(machine, "modprobe mtty");
    bare = await treeOf(machine);
    example = await openExampleStack("other-drivers", quickProgram);
    await declare({ "serial-1": "mtty-2", "serial-2": "mtty-1" });
  });
  afterAll(async () => {
    await machine?.stop();
    example?.project.remove();
  });

  it("has its mdevs in one up", async () => {
    mustSucceed(await up());
    expect(await liveTypes()).toEqual(["mtty-1", "mtty-2"]);
    await unchanged();
  });

  it("starts a domain with one, and refuses another type while it runs", async () => {
    const { hostdev } = (await example.stack.outputs()) as { hostdev: Record<string, string> };
    await defineDomain(machine, "vm-1", hostdev["serial-1"] ?? "");
    await startDomain(machine, "vm-1");
    expect(await holdingDomains(machine)).toEqual(["vm-1"]);
    await declare({ "serial-1": "mtty-1", "serial-2": "mtty-1" });
    const changes = await changesFromNow(machine);
    for (const run of [await example.stack.preview(), await up()]) expectInUse(run, "vm-1");
    expect(await changes()).toEqual([]);
    expect(await liveTypes()).toEqual(["mtty-1", "mtty-2"]);
  });

  it("changes both types in one up once the domain is off, and has them after a reboot", async () => {
    await stopDomain(machine, "vm-1");
    await declare({ "serial-1": "mtty-1", "serial-2": "mtty-2" });
    mustSucceed(await up());
    expect(await liveTypes()).toEqual(["mtty-1", "mtty-2"]);
    await unchanged();
    await machine.reboot();
    await machine.shell("systemctl is-system-running --wait");
    await unchanged();
    await startDomain(machine, "vm-1");
    expect(await holdingDomains(machine)).toEqual(["vm-1"]);
    await stopDomain(machine, "vm-1");
  });

  it("is healed after mdevs were removed and their driver was unloaded", async () => {
    await mustRun(
      machine,
      `for d in /sys/bus/mdev/devices/*/remove; do echo 1 > "$d"; done; modprobe -r mtty`,
    );
    const refused = await up();
    expect(refused.code, refused.output).not.toBe(0);
    expect(refused.output).toContain("mtty");
    await mustRun(machine, "modprobe mtty");
    mustSucceed(await up());
    expect(await liveTypes()).toEqual(["mtty-1", "mtty-2"]);
    await unchanged();
  });

  it("is as before after destroy, file by file", async () => {
    await undefineDomain(machine, "vm-1");
    mustSucceed(await example.stack.destroy(["--skip-preview"]));
    expect(differences(bare, await treeOf(machine))).toEqual([]);
    expect(await mustRun(machine, "ls /sys/bus/mdev/devices")).toBe("");
  });
});
