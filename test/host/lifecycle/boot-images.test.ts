import { release } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runPreview, runUnchecked, runUp, startRun } from "../../fleet/run.js";
import { type Bed, type HostBed, hostName, openBed, vgpusOf } from "./bed.js";
import { leftoversOn } from "./end-state.js";
import { liveTypes } from "./live-vgpus.js";
import { expectUntouched, noteOf } from "./untouched.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

const programOf = (host: HostBed) => host.program(vgpusOf("T4-4Q", 1));

async function previewOf(host: HostBed): Promise<string> {
  const previews = await runPreview(programOf(host), host.statePath);
  return (previews[hostName]?.failures ?? []).map(({ reason }) => reason).join("\n");
}

async function expectHealed(host: HostBed): Promise<void> {
  await runUp(programOf(host), host.statePath);
  expect(await liveTypes(host.machine)).toEqual(["T4-4Q"]);
  expect(await leftoversOn(host.machine)).toEqual([]);
}

/** Fails unless preview and creation refuse alike, and the machine is as it was. */
async function expectRefused(host: HostBed, text: string): Promise<void> {
  const before = await noteOf(host.machine);
  expect(await previewOf(host)).toBe(`${text}\nProperty: driver`);
  expect(await runUnchecked(programOf(host).slice(0, 1))).toEqual({ [hostName]: text });
  await expectUntouched(host.machine, before);
}

const kept = (
  reason: string,
) => `VGPU_PREREQUISITE gpu-host: the initramfs cannot be made anew without nouveau
Saw: ${reason}
Expected: that update-initramfs or dracut replaces every kernel's image: an old one loads nouveau at each boot
Next: take that away (update_initramfs=yes; mount -o remount,rw /boot; install initramfs-tools or dracut), run again`;

describe.concurrent("a host whose boot images", () => {
  it("update-initramfs is told to leave alone is refused before anything is changed", {
    timeout: 240_000,
  }, async () => {
    const host = await bed.host("told-no", "turingLegacy");
    const settings = "/etc/initramfs-tools/update-initramfs.conf";
    await host.machine.writeFile(settings, "update_initramfs=no\n");
    await expectRefused(host, kept(`update_initramfs=no in ${settings}`));
    await host.machine.writeFile(settings, "update_initramfs=yes\n");
    await expectHealed(host);
  });

  it("lie in a /boot that is mounted read-only is refused before anything is changed", {
    timeout: 240_000,
  }, async () => {
    const host = await bed.host("read-only", "turingLegacy");
    const mounted = await host.machine.shell("mount --bind /boot /boot && mount -o remount,bind,ro /boot");
    expect(mounted).toMatchObject({ code: 0 });
    await expectRefused(host, kept("/boot is mounted read-only (/boot)"));
    expect(await host.machine.shell("umount /boot")).toMatchObject({ code: 0 });
    await expectHealed(host);
  });

  it("stay the old ones although update-initramfs ends with 0 is told so, and never rebooted for it", {
    timeout: 240_000,
  }, async () => {
    const host = await bed.host("silent", "turingLegacy");
    await host.machine.writeFile("/usr/local/sbin/update-initramfs", "#!/bin/sh\nexit 0\n", 0o755);
    const { boots } = await host.machine.counters();
    const { error } = await startRun({ task: "up", program: programOf(host), statePath: host.statePath })
      .ended;
    expect(error).toMatch(
      /^VGPU_STEP_FAILED gpu-host: block-nouveau failed\nSaw: exit code 1:\n {2}the images are the old ones: \/boot\/initrd\.img-/,
    );
    expect((await host.machine.counters()).boots).toBe(boots);
    await host.machine.removeFile("/usr/local/sbin/update-initramfs");
    await expectHealed(host);
  });
});

describe("a host whose boot images are called as SUSE calls them", () => {
  it("is told, too, that they stay the old ones, and never rebooted for it", {
    timeout: 240_000,
  }, async () => {
    const host = await bed.host("suse", "turingLegacy", { kind: { distribution: "rocky-9" } });
    const image = `/boot/initrd-${release()}`;
    await host.machine.shell(`mv /boot/initramfs-${release()}.img ${image}`);
    await host.machine.writeFile("/usr/local/sbin/dracut", "#!/bin/sh\nexit 0\n", 0o755);
    const { boots } = await host.machine.counters();
    const { error } = await startRun({ task: "up", program: programOf(host), statePath: host.statePath })
      .ended;
    expect(error).toContain(`the images are the old ones: ${image}`);
    expect((await host.machine.counters()).boots).toBe(boots);
  });
});

describe("a driver that DKMS did not take", () => {
  it("is told by the up that installed it, and by each look after that", { timeout: 240_000 }, async () => {
    const kind = { dkms: true, faults: { installer: "unregistered" } } as const;
    const host = await bed.host("unregistered", "turingLegacy", { kind });
    const request = { program: programOf(host), statePath: host.statePath };
    const up = await startRun({ task: "up", ...request }).ended;
    expect(up.error).toBe("");
    expect(up.output).toMatch(
      /DKMS does not have driver 550\.127\.06 for kernel \S+ \(dkms status\): the next kernel will have no driver until this one is installed again/,
    );
    expect(await liveTypes(host.machine)).toEqual(["T4-4Q"]);
    const preview = await startRun({ task: "preview", ...request }).ended;
    expect(preview.output).toContain(
      "DKMS does not have driver 550.127.06, so the next kernel will come without one",
    );
  });
});
