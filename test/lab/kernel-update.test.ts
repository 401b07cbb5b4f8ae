// A host gets a newer kernel: DKMS builds its driver for it, or the reason why there is none is told.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { labBeds } from "../contracts/beds.js";
import { oneLine } from "../engine/support/messages.js";
import { mustSucceed } from "../engine/support/stack.js";
import { frozenAt } from "./contracts/lab-bed.js";
import { mustRun } from "./support/domain.js";
import { type LabHost, openLabHost } from "./support/lab-host.js";
import { liveTypes } from "./support/live.js";
import { changesFromNow } from "./support/tree.js";

const packages = "/var/lib/lab/kernel-update";

describe("a host whose kernel is updated", () => {
  let host: LabHost;
  const up = () => host.stack.up(["--skip-preview"]);

  beforeAll(async () => {
    host = await openLabHost("ampere", await frozenAt("vGPU host", labBeds.ampere));
    await host.declare({ gpu: labBeds.ampere.gpu, vgpus: { "desk-1": "A40-8Q", "desk-2": "A40-8Q" } });
    mustSucceed(await up());
  });
  afterAll(() => host?.close());

  it("without its headers: has no driver, is told why, and nothing is touched", async () => {
    const before = await mustRun(host.machine, "uname -r");
    await mustRun(host.machine, `dpkg -i ${packages}/linux-image-[0-9]*.deb`);
    await host.reboot();
    const kernel = (await mustRun(host.machine, "uname -r")).trim();
    expect(kernel).not.toBe(before.trim());
    expect(await liveTypes(host.machine)).toEqual([]);
    const changes = await changesFromNow(host.machine);
    for (const run of [await host.stack.preview(), await up()]) {
      expect(run.code, run.output).not.toBe(0);
      const said = oneLine(run.output);
      expect(said).toContain(`no /lib/modules/${kernel}/build`);
      expect(said).toContain(`for kernel ${before.trim()} is on disk, none for the running ${kernel}`);
    }
    expect(await changes()).toEqual([]);
  });

  it("with its headers: DKMS builds the driver, and one up brings everything back", async () => {
    await mustRun(
      host.machine,
      `cd ${packages} && dpkg -i linux-headers-[0-9]*.deb $(ls linux-kbuild-*.deb linux-compiler-*.deb 2> /dev/null)`,
    );
    const kernel = (await mustRun(host.machine, "uname -r")).trim();
    expect(await mustRun(host.machine, "dkms status")).toContain(`${kernel}, x86_64: installed`);
    mustSucceed(await up());
    expect(await liveTypes(host.machine)).toEqual(["A40-8Q", "A40-8Q"]);
    mustSucceed(await host.stack.up(["--skip-preview", "--expect-no-changes"]));
  });
});
