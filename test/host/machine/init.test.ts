import type { Client } from "ssh2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SimulatedMachine } from "./simulated-machine.js";
import { type Simulator, startSimulator } from "./simulator.js";
import { exec, login, tinySpec, until } from "./test-support.js";

let simulator: Simulator;
let machine: SimulatedMachine;
beforeAll(async () => {
  simulator = await startSimulator();
  machine = await simulator.startMachine(tinySpec("one", {}));
});
afterAll(() => simulator?.stop());

const shell = (line: string) => machine.shell(line);
const out = async (line: string): Promise<string> => (await shell(line)).stdout;

async function unit(
  name: string,
  lines: string[],
  install = "[Install]\nWantedBy=multi-user.target\n",
): Promise<void> {
  await machine.writeFile(`/etc/systemd/system/${name}`, `${lines.join("\n")}\n${install}`);
}

describe("systemctl", () => {
  test("runs a oneshot unit's programs in order and keeps it active when asked", async () => {
    await unit("steps.service", [
      "[Unit]",
      "Description=Steps",
      "[Service]",
      "Type=oneshot",
      "RemainAfterExit=yes",
      "Environment=WORD=said",
      "ExecStartPre=/bin/sh -c 'echo pre > /run/steps'",
      'ExecStart=/bin/sh -c "echo $WORD >> /run/steps; echo to the journal"',
    ]);
    expect(await shell("systemctl daemon-reload && systemctl enable --now steps")).toMatchObject({ code: 0 });
    expect(await out("cat /run/steps; systemctl is-active steps; systemctl is-enabled steps.service")).toBe(
      "pre\nsaid\nactive\nenabled\n",
    );
    expect(await out("journalctl -u steps -n 2 --no-pager -o cat")).toBe(
      "to the journal\nFinished steps.service - Steps.\n",
    );
    expect(await out("systemctl show -p ActiveState -p UnitFileState --value steps")).toBe(
      "active\nenabled\n",
    );
    expect((await shell("systemctl disable steps; systemctl is-enabled steps")).code).toBe(1);
  });

  test("fails a unit whose program fails, and says where to look", async () => {
    await unit("broken.service", [
      "[Service]",
      "Type=oneshot",
      "ExecStart=/bin/sh -c 'echo why >&2; exit 6'",
    ]);
    const result = await shell("systemctl start broken");
    expect(result).toMatchObject({ code: 1 });
    expect(result.stderr).toContain(
      "Job for broken.service failed because the control process exited with error code.",
    );
    expect(await out("systemctl is-active broken; systemctl show -p Result,ExecMainStatus broken")).toBe(
      "failed\nResult=exit-code\nExecMainStatus=6\n",
    );
    expect(await out("journalctl -u broken.service -b -o cat --no-pager")).toContain("why\n");
  });

  test("keeps a simple unit active while its process lives", async () => {
    await unit("daemon.service", [
      "[Service]",
      "ExecStart=/bin/sh -c 'echo $$ > /run/daemon.pid; exec sleep 1000'",
    ]);
    await shell("systemctl start daemon");
    expect(await machine.unitActive("daemon.service")).toBe(true);
    await until("it wrote its pid", async () => (await out("cat /run/daemon.pid")) !== "");
    await shell("kill -9 $(cat /run/daemon.pid)");
    await until("it failed", async () => (await out("systemctl is-active daemon")) === "failed\n");
    expect((await shell("systemctl restart daemon && systemctl stop daemon")).code).toBe(0);
    expect(await out("systemctl is-active daemon; ps ax 2>/dev/null | grep -c '[s]leep 1000'")).toContain(
      "inactive\n",
    );
  });

  test("skips a unit whose condition does not hold", async () => {
    await unit("cond.service", [
      "[Unit]",
      "ConditionPathExists=!/sys/tiny/value",
      "[Service]",
      "Type=oneshot",
      "ExecStart=/bin/touch /run/cond",
    ]);
    expect((await shell("systemctl start cond")).code).toBe(0);
    expect(await out("ls /run/cond 2>&1; systemctl show -p ConditionResult cond")).toContain(
      "ConditionResult=no\n",
    );
    expect(await machine.exists("/run/cond")).toBe(false);
  });

  test("sees a changed file after daemon-reload only", async () => {
    await unit("changing.service", [
      "[Service]",
      "Type=oneshot",
      "ExecStart=/bin/sh -c 'echo old > /run/changing'",
    ]);
    await shell("systemctl start changing");
    await unit("changing.service", [
      "[Service]",
      "Type=oneshot",
      "ExecStart=/bin/sh -c 'echo new > /run/changing'",
    ]);
    expect((await shell("systemctl start changing")).stderr).toContain("changed on disk");
    expect(
      await out("cat /run/changing; systemctl daemon-reload; systemctl start changing; cat /run/changing"),
    ).toBe("old\nnew\n");
  });

  test("runs a model's handler in place of a vendor's program", async () => {
    await unit("vendor.service", ["[Service]", "ExecStart=/usr/bin/vendord"]);
    expect((await shell("systemctl start vendor")).code).toBe(0);
    expect(await out("systemctl is-active vendor; journalctl -u vendor -o cat --no-pager")).toContain(
      "vendor daemon up\n",
    );
  });

  test("knows no unit that has no file", async () => {
    expect(await shell("systemctl start nothing")).toMatchObject({
      code: 5,
      stderr: "Failed to start nothing.service: Unit nothing.service not found.\n",
    });
    expect(await shell("systemctl is-active nothing")).toMatchObject({ code: 3, stdout: "inactive\n" });
  });
});

describe("a reboot", () => {
  test("gives a new boot id, empties /run and /tmp, keeps /etc, /var and /usr/local", async () => {
    const before = await machine.bootId();
    await shell("touch /run/gone /tmp/gone /etc/kept /var/lib/kept /usr/local/kept /usr/bin/kept");
    await machine.restart("reboot");
    expect(await machine.bootId()).not.toBe(before);
    expect(
      await out("ls /run/gone /tmp/gone /etc/kept /var/lib/kept /usr/local/kept /usr/bin/kept 2>/dev/null"),
    ).toBe("/etc/kept\n/usr/bin/kept\n/usr/local/kept\n/var/lib/kept\n");
  });

  test("starts enabled units by After and Before, and answers over SSH only then", async () => {
    const log = (word: string) => `/bin/sh -c 'sleep 0.1; echo ${word} >> /var/lib/order'`;
    await unit("third.service", [
      "[Unit]",
      "After=second.service",
      "[Service]",
      "Type=oneshot",
      `ExecStart=${log("third")}`,
    ]);
    await unit("second.service", [
      "[Unit]",
      "Wants=first.service",
      "After=first.service",
      "[Service]",
      "Type=oneshot",
      `ExecStart=${log("second")}`,
    ]);
    await unit("first.service", ["[Service]", "Type=oneshot", `ExecStart=${log("first")}`], "");
    await unit("zeroth.service", [
      "[Unit]",
      "Before=first.service",
      "[Service]",
      "Type=oneshot",
      `ExecStart=${log("zeroth")}`,
    ]);
    await shell("systemctl enable third second zeroth");
    const client = await login(machine);
    client.on("error", () => {});
    const closed = new Promise((resolve) => client.once("close", () => resolve(undefined)));
    expect((await exec(client, "systemctl reboot")).code).toBe(0);
    await closed;
    await expect(login(machine)).rejects.toThrow(/ECONN(REFUSED|RESET)/);
    const again: Client[] = [];
    await until("it answers", () =>
      login(machine).then(
        (one) => again.push(one) > 0,
        () => false,
      ),
    );
    expect((await exec(again[0] as Client, "cat /var/lib/order")).stdout).toBe(
      "zeroth\nfirst\nsecond\nthird\n",
    );
    again[0]?.end();
  });

  test("obeys the initramfs, not /etc/modprobe.d, about what loads at boot", async () => {
    await shell("echo 'blacklist tiny' > /etc/modprobe.d/block.conf");
    await machine.restart("reboot");
    expect(await machine.loadedModules()).toContain("tiny");
    await shell("update-initramfs -u");
    await machine.restart("reboot");
    expect(await machine.loadedModules()).not.toContain("tiny");
  });

  test("loads what modules-load.d lists", async () => {
    await shell("echo tiny > /etc/modules-load.d/tiny.conf");
    await machine.restart("reboot");
    expect(await machine.loadedModules()).toContain("tiny");
  });

  test("is told from the journal of the boot before", async () => {
    const before = await machine.bootId();
    await machine.restart("power-loss");
    expect(await machine.bootId()).not.toBe(before);
    expect(
      await out("journalctl -k -b --no-pager | grep -c 'Linux version'; dmesg | grep -c 'Linux version'"),
    ).toBe("1\n1\n");
    expect(await out("journalctl -b -1 -k -o cat --no-pager | head -n 1")).toMatch(/^Linux version/);
  });

  test("ends even while a caller is blocked in /sys", async () => {
    const blocked = shell("echo 1 > /sys/tiny/slow");
    await until("it waits", async () => (await machine.model("waiting")) === 1);
    await machine.restart("power-loss");
    await blocked;
    expect(await out("echo alive")).toBe("alive\n");
  });

  test("takes the configured time, in which connections are refused", async () => {
    const slow = await simulator.startMachine(tinySpec("slow", { bootMs: 700, startsOff: true }));
    await expect(login(slow)).rejects.toThrow("ECONNREFUSED");
    const begun = Date.now();
    await slow.powerOn();
    expect(Date.now() - begun).toBeGreaterThanOrEqual(690);
    (await login(slow)).end();
    await slow.powerOff();
    expect(await slow.poweredOn()).toBe(false);
    await slow.stop();
  });
});
