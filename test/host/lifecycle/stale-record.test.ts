import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runDestroy, runPreview } from "../../fleet/run.js";
import { type Bed, type HostKindName, openBed, smallHosts } from "./bed.js";
import { linesOf } from "./end-state.js";
import { gpuOf } from "./live-vgpus.js";
import { expectNothingToDo, madeHost, programOf } from "./made-host.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

/** Removes every vGPU of a host behind Pulumi's back. */
const byHand = `for f in /sys/bus/mdev/devices/*/remove; do [ -e "$f" ] && echo 1 > "$f"; done
for f in /sys/bus/pci/devices/*/nvidia/current_vgpu_type; do [ -e "$f" ] && echo 0 > "$f"; done; true`;
const stale = "99999999-0000-4000-8000-000000000001";

describe("the record of a vGPU that is gone", () => {
  it.for(Object.keys(smallHosts) as HostKindName[])(
    "goes with its host, and its definition too: %s",
    { timeout: 300_000 },
    async (kindName) => {
      const host = await madeHost(bed, `released-${kindName}`, kindName);
      await host.machine.shell(byHand);
      expect((await gpuOf(host.machine)).vgpus).toEqual([]);
      // The engine reads them as gone, and deletes nothing of them then.
      const state = JSON.parse(readFileSync(host.statePath, "utf8")) as Record<string, { kind: string }>;
      const left = Object.entries(state).filter(([, { kind }]) => kind !== "mdevDevice");
      writeFileSync(host.statePath, JSON.stringify(Object.fromEntries(left)));
      await runDestroy(host.statePath);
      expect(
        await linesOf(host.machine, "find /etc/pulumi-vgpu /etc/mdevctl.d -type f 2> /dev/null"),
      ).toEqual([]);
    },
  );

  it("of another stack, or in no form of a record, makes nothing at boot and takes nothing from who has the host", {
    timeout: 300_000,
  }, async () => {
    const host = await madeHost(bed, "next-owner", "adaVendorVfio");
    const made = (await gpuOf(host.machine)).vgpus;
    const records = "/etc/pulumi-vgpu/vgpu";
    await host.machine.shell(
      `mine=$(ls ${records} | head -n 1)
        sed 's,^owner=.*,owner=gone/stack,' ${records}/$mine > ${records}/${stale}
        sed 's,^parent=.*,parent=../devices/0000:26:00.6,' ${records}/$mine > ${records}/99999999-0000-4000-8000-000000000002
        sed 's,^\\(parent=.*\\)..$,\\1.7,; s,^name=.*,&\\nname=twice,' ${records}/$mine > ${records}/../vgpu/../vgpu/not-a-uuid`,
    );
    await host.machine.restart("reboot");
    const after = (await gpuOf(host.machine)).vgpus;
    expect(after.length).toBe(2);
    expect(after).toEqual(expect.arrayContaining([...made]));
    const said = await linesOf(host.machine, "journalctl -b -u pulumi-vgpu.service -o cat --no-pager");
    expect(said).toContain(
      `pulumi-vgpu: vGPU ${stale}: left alone, it is noted for 'gone/stack', and 'fleet/test' has this host`,
    );
    expect(said.join("\n")).toContain(
      "vGPU 99999999-0000-4000-8000-000000000002: its record has not the form of one",
    );
    await host.machine.shell(`rm ${records}/99999999-0000-4000-8000-000000000002 ${records}/not-a-uuid`);
    await host.machine.restart("reboot");
    await expectNothingToDo(host);
    const previews = await runPreview(programOf(host), host.statePath);
    expect(Object.values(previews).flatMap(({ failures }) => failures)).toEqual([]);
  });

  it("is restored for nobody where nobody has the host", { timeout: 300_000 }, async () => {
    const host = await madeHost(bed, "unclaimed", "turingLegacy");
    await host.machine.shell("rm /etc/pulumi-vgpu/host");
    await host.machine.restart("reboot");
    expect((await gpuOf(host.machine)).vgpus).toEqual([]);
    const said = await linesOf(host.machine, "journalctl -b -u pulumi-vgpu.service -o cat --no-pager");
    expect(said.join("\n")).toContain("left alone, it is noted for 'fleet/test', and 'nobody' has this host");
  });
});
