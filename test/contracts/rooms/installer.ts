// The vendor's package and its uninstaller.
import { expect } from "vitest";
import type { Bed, Contract } from "../contract.js";
import { installLine } from "../ladder.js";
import { lines, say } from "../look.js";

const run = ".run";
const log = "/var/log/nvidia-installer.log";
const uninstallLog = "/var/log/nvidia-uninstall.log";

/** Fails unless the package refuses, says why in its log, and leaves no driver. */
async function expectRefused(bed: Bed, why: RegExp): Promise<void> {
  const refused = await bed.shell(installLine(bed.facts));
  expect(refused.code).not.toBe(0);
  const said = await lines(bed, `tail -n 15 ${log}`);
  // The installer breaks its lines where its window ends.
  expect(said.join(" ").replace(/\s+/g, " ")).toMatch(why);
  expect(said.filter((line) => line.startsWith("ERROR: ")).length).toBeGreaterThan(0);
}

const noDriver = async (bed: Bed) => {
  expect((await bed.shell("modinfo -F version nvidia")).code).toBe(1);
  expect((await bed.shell("command -v nvidia-smi")).code).not.toBe(0);
};

/** What installing drivers relies on. */
export const installerContracts: readonly Contract[] = [
  {
    id: "run/nouveau",
    relies: run,
    needs: ["bare host", "bare guest"],
    title: "refuses while nouveau is loaded, and changes nothing",
    check: async (bed) => {
      await expectRefused(bed, /ERROR: .*[Nn]ouveau/);
      await noDriver(bed);
    },
  },
  {
    id: "run/no-headers",
    relies: run,
    needs: "host without nouveau",
    title: "refuses without the headers of the running kernel, and changes nothing",
    check: async (bed) => {
      const build = '/lib/modules/"$(uname -r)"/build';
      await say(bed, `mv ${build} ${build}.away`);
      try {
        await expectRefused(bed, /ERROR: Unable to find the kernel source tree/);
        await noDriver(bed);
      } finally {
        await say(bed, `mv ${build}.away ${build}`);
      }
    },
  },
  {
    id: "run/unknown-option",
    relies: run,
    needs: "host without nouveau",
    title: "fails for an option that it does not know",
    check: async (bed) => {
      const refused = await bed.shell(`${installLine(bed.facts)} --no-such-option`);
      expect(refused.code).not.toBe(0);
      await noDriver(bed);
    },
  },
  {
    id: "run/installs",
    relies: run,
    needs: ["host with driver", "guest with driver"],
    title: "installs unattended by our options, and a boot loads the driver",
    check: async (bed) => {
      expect(JSON.parse(bed.notes.get("installation") ?? "{}")).toMatchObject({ code: 0 });
      expect(await say(bed, "cat /sys/module/nvidia/version")).toBe(bed.facts.driverVersion);
      await say(bed, "command -v nvidia-smi && command -v nvidia-uninstall");
    },
  },
  {
    id: "run/log",
    relies: log,
    needs: ["host with driver", "guest with driver"],
    title: "says at its beginning whose it is and how the installer was called",
    check: async (bed) => {
      const text = await say(bed, `cat ${log}`);
      expect(text).toMatch(/^nvidia-installer log file '\/var\/log\/nvidia-installer\.log'\n/);
      expect(text).toContain("--silent");
      expect(text.toLowerCase()).toMatch(/is (now )?complete/);
    },
  },
  {
    id: "run/in-use",
    relies: run,
    needs: "host with driver",
    title: "refuses while the vGPU manager uses the loaded driver, which stays",
    check: async (bed) => {
      await expectRefused(bed, /: An NVIDIA kernel module 'nvidia.*' appears to already be loaded/);
      expect(await say(bed, "modinfo -F version nvidia")).toBe(bed.facts.driverVersion);
      await say(bed, "systemctl is-active --quiet nvidia-vgpu-mgr.service");
    },
  },
  {
    id: "run/services",
    relies: "systemctl",
    needs: "host with driver",
    title: "nvidia-vgpu-mgr is enabled and active after the boot, nvidia-vgpud did its work",
    check: async (bed) => {
      await say(bed, "systemctl is-active --quiet nvidia-vgpu-mgr.service");
      const shown = await lines(bed, "systemctl show -p UnitFileState -p Result nvidia-vgpu-mgr.service");
      expect(shown.sort()).toEqual(["Result=success", "UnitFileState=enabled"]);
      expect(await say(bed, "systemctl show -p Result nvidia-vgpud.service")).toBe("Result=success");
    },
  },
  {
    id: "uninstall/silent",
    relies: "nvidia-uninstall",
    needs: "host without driver again",
    title: "--silent takes the driver off the disk, with its programs and services, and exits 0",
    check: async (bed) => {
      expect(await bed.shell("nvidia-uninstall --silent")).toMatchObject({ code: 0 });
      await noDriver(bed);
      expect((await bed.shell("command -v nvidia-uninstall")).code).not.toBe(0);
      expect((await bed.shell("[ -e /usr/lib/nvidia/sriov-manage ]")).code).toBe(1);
      expect(
        await say(bed, "systemctl daemon-reload; systemctl show -p LoadState nvidia-vgpud.service"),
      ).toBe("LoadState=not-found");
      await bed.reboot();
      expect((await bed.shell("[ -e /sys/module/nvidia ]")).code).toBe(1);
    },
  },
  {
    id: "uninstall/log",
    relies: uninstallLog,
    needs: "host without driver again",
    title: "tells of an uninstallation, for which there is a log of its own",
    check: async (bed) => {
      expect(await say(bed, `tail -n 15 ${uninstallLog}`)).toMatch(/Uninstallation of .* is complete/);
    },
  },
];
