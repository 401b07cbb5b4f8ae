// Services: how systemctl shows, starts and refuses them, and what journals say.
import { expect } from "vitest";
import type { Bed, Contract } from "../contract.js";
import { anyMachine, inFolder, lines, say } from "../look.js";

const needs = anyMachine;
const properties = ["LoadState", "ActiveState", "Result", "UnitFileState"];

let units = 0;

/** Writes a unit of ours, lets the work use it, and takes it away. Each has a name of its own: a manager remembers them. */
async function withUnit(
  bed: Bed,
  service: string,
  work: (unit: string, path: string) => Promise<void>,
): Promise<void> {
  const unit = `contract-${++units}.service`;
  const path = `/etc/systemd/system/${unit}`;
  const text = `[Unit]\nDescription=A contract\nConditionPathIsDirectory=/etc\n[Service]\n${service}\n[Install]\nWantedBy=multi-user.target\n`;
  try {
    await bed.writeFile(path, text);
    await say(bed, "systemctl daemon-reload");
    await work(unit, path);
  } finally {
    const end = `systemctl stop ${unit}; [ ! -e /etc/systemd/system/multi-user.target.wants/${unit} ] || systemctl disable ${unit}; systemctl reset-failed ${unit}; rm -f ${path}`;
    await bed.shell(`{ ${end}; } > /dev/null 2>&1`);
  }
}

/** What systemctl shows of a unit, by property. */
async function shown(bed: Bed, name: string): Promise<Record<string, string>> {
  const words = properties.map((property) => `-p ${property}`).join(" ");
  const text = await lines(bed, `systemctl show ${words} ${name}`);
  return Object.fromEntries(
    text.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

const oneshot = (command: string) => `Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c '${command}'`;

/** What our services rely on. */
export const systemdContracts: readonly Contract[] = [
  {
    id: "systemctl/show-absent",
    relies: "systemctl",
    needs,
    title: "show tells a unit that is not there by LoadState not-found, and exits 0",
    check: async (bed) => {
      expect(await shown(bed, "no-such-unit.service")).toEqual({
        LoadState: "not-found",
        ActiveState: "inactive",
        Result: "success",
        UnitFileState: "",
      });
    },
  },
  {
    id: "systemctl/show-states",
    relies: "systemctl",
    needs,
    title: "show tells loaded, started, enabled and disabled units apart",
    check: (bed) =>
      withUnit(bed, oneshot("true"), async (unit) => {
        const still = { LoadState: "loaded", ActiveState: "inactive", Result: "success" };
        expect(await shown(bed, unit)).toEqual({ ...still, UnitFileState: "disabled" });
        await say(bed, `systemctl enable ${unit}`);
        expect(await shown(bed, unit)).toEqual({ ...still, UnitFileState: "enabled" });
        await say(bed, `systemctl start ${unit}`);
        expect(await shown(bed, unit)).toMatchObject({ ActiveState: "active", Result: "success" });
        await say(bed, `systemctl disable ${unit}`);
        expect(await shown(bed, unit)).toMatchObject({ ActiveState: "active", UnitFileState: "disabled" });
      }),
  },
  {
    id: "systemctl/show-several",
    relies: "systemctl",
    needs,
    title:
      "show answers for several units with a block each, in the order of their names in the call, and an empty line between",
    check: (bed) =>
      withUnit(bed, oneshot("true"), async (unit) => {
        const text = await say(
          bed,
          `systemctl show -p LoadState -p UnitFileState z-absent.service ${unit} a-absent.service`,
        );
        expect(text.split("\n\n").map((block) => block.split("\n").toSorted())).toEqual([
          ["LoadState=not-found", "UnitFileState="],
          ["LoadState=loaded", "UnitFileState=disabled"],
          ["LoadState=not-found", "UnitFileState="],
        ]);
      }),
  },
  {
    id: "systemctl/failed",
    relies: "systemctl",
    needs,
    title: "start exits 1 when the unit's program fails, and show says failed with the reason",
    check: (bed) =>
      withUnit(bed, oneshot("exit 3"), async (unit) => {
        const started = await bed.shell(`systemctl start ${unit}`);
        expect(started).toMatchObject({ code: 1, stdout: "" });
        expect(started.stderr).toContain(`Job for ${unit} failed`);
        expect(await shown(bed, unit)).toMatchObject({ ActiveState: "failed", Result: "exit-code" });
        expect((await bed.shell(`systemctl is-active --quiet ${unit}`)).code).toBe(3);
        expect((await bed.shell(`systemctl is-active ${unit}`)).stdout).toBe("failed\n");
      }),
  },
  {
    id: "systemctl/timeout",
    relies: "/etc/systemd/system/pulumi-vgpu.service",
    needs,
    title: "TimeoutStartSec ends a oneshot that takes longer: it failed, by timeout",
    check: (bed) =>
      withUnit(bed, `${oneshot("sleep 60")}\nTimeoutStartSec=1`, async (unit) => {
        expect((await bed.shell(`systemctl start ${unit}`)).code).toBe(1);
        expect(await shown(bed, unit)).toMatchObject({ ActiveState: "failed", Result: "timeout" });
      }),
  },
  {
    id: "systemctl/condition",
    relies: "/etc/systemd/system/pulumi-vgpu.service",
    needs,
    title: "a condition that is not met leaves the unit inactive, and start exits 0",
    check: (bed) =>
      withUnit(bed, oneshot("true"), async (unit, path) => {
        await say(bed, `sed -i 's,=/etc$,=/no-such-folder,' ${path} && systemctl daemon-reload`);
        await say(bed, `systemctl start ${unit}`);
        expect(await shown(bed, unit)).toMatchObject({ ActiveState: "inactive", Result: "success" });
      }),
  },
  {
    id: "systemctl/absent",
    relies: "systemctl",
    needs,
    title:
      "start of a unit that is not there exits 5; restart too; try-restart and disable fail without harm",
    check: async (bed) => {
      for (const verb of ["start", "restart"]) {
        const refused = await bed.shell(`systemctl ${verb} no-such-unit.service`);
        expect(refused).toMatchObject({ code: 5, stdout: "" });
        expect(refused.stderr).toBe(
          `Failed to ${verb} no-such-unit.service: Unit no-such-unit.service not found.\n`,
        );
      }
      expect((await bed.shell("systemctl disable no-such-unit.service 2> /dev/null")).code).toBe(1);
      expect((await bed.shell("systemctl is-active --quiet no-such-unit.service")).code).not.toBe(0);
    },
  },
  {
    id: "systemctl/restart",
    relies: "systemctl",
    needs,
    title: "restart runs a unit again, try-restart only one that is active",
    check: (bed) =>
      inFolder(bed, (folder) =>
        withUnit(bed, oneshot(`echo x >> ${folder}/runs`), async (unit) => {
          await say(bed, `systemctl try-restart ${unit}; [ ! -e ${folder}/runs ]`);
          await say(
            bed,
            `systemctl restart ${unit}; systemctl restart ${unit}; systemctl try-restart ${unit}`,
          );
          expect(await lines(bed, `cat ${folder}/runs`)).toHaveLength(3);
          await say(bed, `systemctl start ${unit}`);
          expect(await lines(bed, `cat ${folder}/runs`)).toHaveLength(3);
        }),
      ),
  },
  {
    id: "systemctl/start-limit",
    relies: "systemctl",
    needs,
    title: "restart exits 1 for a unit that was started too often, which is then failed, until reset-failed",
    check: (bed) =>
      withUnit(bed, oneshot("true"), async (unit, path) => {
        const limit = "StartLimitBurst=2\\nStartLimitIntervalSec=600";
        await say(bed, `sed -i 's,^.Unit.$,&\\n${limit},' ${path} && systemctl daemon-reload`);
        await say(bed, `systemctl restart ${unit} && systemctl restart ${unit}`);
        const refused = await bed.shell(`systemctl restart ${unit}`);
        expect(refused).toMatchObject({ code: 1, stdout: "" });
        expect(refused.stderr).toContain(
          `Job for ${unit} failed because start of the service was attempted too often.\n`,
        );
        expect(await shown(bed, unit)).toMatchObject({ ActiveState: "failed", Result: "start-limit-hit" });
        await say(bed, `systemctl reset-failed ${unit} && systemctl restart ${unit}`);
        expect(await shown(bed, unit)).toMatchObject({ ActiveState: "active", Result: "success" });
      }),
  },
  {
    id: "systemctl/daemon-reload",
    relies: "systemctl",
    needs,
    title: "a unit that is active is run as it was before its file changed, until daemon-reload",
    check: (bed) =>
      inFolder(bed, (folder) =>
        withUnit(bed, oneshot(`echo old >> ${folder}/said`), async (unit, path) => {
          await say(bed, `systemctl start ${unit}; sed -i 's/echo old/echo new/' ${path}`);
          await bed.shell(`systemctl restart ${unit}`);
          await say(bed, `systemctl daemon-reload && systemctl restart ${unit}`);
          expect(await lines(bed, `cat ${folder}/said`)).toEqual(["old", "old", "new"]);
        }),
      ),
  },
  {
    id: "systemctl/left-behind",
    relies: "/etc/systemd/system/pulumi-vgpu.service",
    needs,
    title: "a oneshot that left a process behind is active all the same",
    check: (bed) =>
      withUnit(bed, oneshot("sleep 30 < /dev/null > /dev/null 2>&1 & exit 0"), async (unit) => {
        await say(bed, `systemctl start ${unit}`);
        expect(await shown(bed, unit)).toMatchObject({ ActiveState: "active", Result: "success" });
      }),
  },
  {
    id: "journalctl/lines",
    relies: "journalctl",
    needs,
    title: "-o cat prints what a unit's programs said, last lines last, -n as many",
    check: (bed) =>
      withUnit(bed, oneshot("echo one; echo two >&2; echo three"), async (unit) => {
        await say(bed, `systemctl start ${unit}`);
        const ask = `journalctl -u ${unit} -b -n 8 --no-pager -o cat`;
        await bed.shell(
          `n=0; until ${ask} | grep -q '^three$' || [ $n -gt 50 ]; do n=$((n + 1)); sleep 0.1; done`,
        );
        const said = (await lines(bed, ask)).filter((line) => /^(one|two|three)$/.test(line));
        expect(said.sort()).toEqual(["one", "three", "two"]);
        expect((await lines(bed, `journalctl -u ${unit} -b -n 2 --no-pager -o cat`)).length).toBe(2);
      }),
  },
  {
    id: "journalctl/none",
    relies: "journalctl",
    needs,
    title: "prints nothing of a unit that never ran, and exits 0",
    check: async (bed) => {
      const said = await say(bed, "journalctl -u no-such-unit.service -b -n 8 --no-pager -o cat");
      expect(said).toBe("");
    },
  },
  {
    id: "dmesg/lines",
    relies: "dmesg",
    needs,
    title: "prints the kernel's lines, with their time in brackets",
    check: async (bed) => {
      const text = await lines(bed, "timeout 10 dmesg");
      expect(text.filter((line) => /^\[ *\d+\.\d+\] /.test(line)).length).toBeGreaterThan(0);
    },
  },
];
