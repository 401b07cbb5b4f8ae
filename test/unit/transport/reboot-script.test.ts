import { mkdirSync, readFileSync, statSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { transportScript } from "../../../provider/transport/command/remote-script.js";
import { SmallMachine } from "../small-machine.js";
import { until } from "./ssh-fixture.js";

const refused = "run/pulumi-vgpu/reboot-refused";

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host");
  mkdirSync(machine.at("run/pulumi-vgpu"));
  machine.write("uptime", "100.99 3.00\n");
  machine.program("sync", "");
  machine.program("systemctl", "touch asked");
  for (const name of ["reboot", "shutdown"]) machine.program(name, "exit 1");
});
afterEach(() => machine.remove());

const thisBoot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();

/** Runs the script after a look that saw this, 60 s before the time for the reboot is over. */
function reboot(seen = "vms= unread=", { boot = thisBoot, before = "" } = {}) {
  const text = transportScript("reboot-machine").text.replaceAll("/proc/uptime", machine.at("uptime"));
  return machine.shell(`${before}look_at_processes() { ${seen}; }\n${text}`, [boot, "160"]);
}
/** Moves the machine's clock, by a line of shell. */
const clock = (second: string) => `echo "${second} 3.00" > ${machine.at("uptime")}`;

/** What the process aside has open until it has ended. */
const held = () => `exec 9>> ${machine.at("aside")}\nflock 9\n`;

describe("the script that reboots a machine", () => {
  it("has the disks written before it asks for the reboot, and asks a moment after it has ended", async () => {
    machine.program("sleep", "until [ -e ended ]; do /bin/sleep 0.01; done");
    expect(reboot()).toMatchObject({ code: 0 });
    expect(machine.has("asked")).toBe(false);
    machine.write("ended", "");
    await until(() => machine.has("asked"));
    expect(machine.calls()).toEqual(["sync ", "sleep 0.3", "systemctl reboot"]);
    expect(machine.has(refused)).toBe(false);
  });

  it("waits a second where sleep knows no part of one", async () => {
    machine.program("sleep", "[ $1 = 1 ]");
    reboot();
    await until(() => machine.has("asked"));
    expect(machine.calls()).toContain("sleep 1");
  });

  it("leaves a machine alone that has been rebooted since", () => {
    machine.write(refused, "of this boot\n");
    expect(reboot("echo looked", { boot: "00000000-0000-0000-0000-000000000000" })).toMatchObject({
      code: 0,
      stdout: "",
    });
    expect([machine.calls(), machine.read(refused)]).toEqual([[], "of this boot\n"]);
  });

  it.each([
    "Failed to reboot system via logind: There's already a shutdown or sleep operation in progress",
    "Call to Reboot failed: Action reboot already in progress, refusing requested reboot operation.",
  ])("takes it for no refusal that the machine goes down already: %s", (said) => {
    for (const name of ["systemctl", "reboot", "shutdown"])
      machine.program(name, `echo "${said}" >&2; exit 1`);
    reboot(undefined, { before: held() });
    machine.shell(held());
    expect(machine.calls().at(-1)).toBe("shutdown -r now");
    expect(machine.has(refused)).toBe(false);
  });

  it("tries every way to reboot, and notes why none went, for root alone", async () => {
    machine.write(refused, "of an earlier run\n");
    machine.program("systemctl", "echo inhibited by backup >&2; exit 1");
    expect(reboot()).toMatchObject({ code: 0 });
    await until(() => machine.read(refused).startsWith("inhibited"));
    expect(machine.read(refused)).toBe("inhibited by backup\n");
    expect(machine.calls().slice(-3)).toEqual(["systemctl reboot", "reboot ", "shutdown -r now"]);
    expect(statSync(machine.at(refused)).mode & 0o077).toBe(0);
    machine.program("systemctl", "exit 1");
    reboot();
    await until(() => machine.read(refused).startsWith("no"));
    expect(machine.read(refused)).toBe("no reason given\n");
  });

  it("looks after the disks were written, which may take long", () => {
    machine.program("sync", "touch written");
    expect(reboot(`if [ -e ${machine.at("written")} ]; then echo after; fi; vms=7 unread=`)).toMatchObject({
      code: 76,
      stdout: "after\n",
    });
  });

  it.each(["vms=' 7' unread=", "vms= unread=cut"])(
    "does not reboot where VMs run or the look could not finish: %s",
    (seen) => {
      machine.write(refused, "of an earlier run\n");
      expect(reboot(seen)).toMatchObject({ code: 76 });
      expect([machine.calls(), machine.read(refused)]).toEqual([["sync "], "of an earlier run\n"]);
    },
  );

  it("leaves no note of an earlier refusal", async () => {
    machine.write(refused, "of an earlier run\n");
    reboot();
    expect(machine.has(refused)).toBe(false);
    await until(() => machine.has("asked"));
  });
});

describe("a reboot whose time is over, for which nobody waits any more", () => {
  const late = (done: string, by: string) => ({ code: 77, stdout: `late\t${done}\t${by}\n` });
  const refusal = () => machine.read(refused);

  it("is not ordered by a script that begins then, nor does that have the disks written", () => {
    machine.write("uptime", "160.00 3.00\n");
    expect(reboot()).toMatchObject(late("begin", "0"));
    machine.write("uptime", "163.00 3.00\n");
    expect(reboot()).toMatchObject(late("begin", "3"));
    expect([machine.calls(), refusal()]).toEqual([[], ""]);
  });

  it("is not ordered after a sync that took so long", () => {
    machine.program("sync", clock("160.00"));
    expect(reboot("echo looked", { before: held() })).toMatchObject(late("sync", "0"));
    machine.shell(held());
    expect(machine.calls()).toEqual(["sync "]);
  });

  it("is not ordered after a look at the processes that took so long", () => {
    expect(reboot(`${clock("221.50")}; vms= unread=`, { before: held() })).toMatchObject(late("look", "61"));
    machine.shell(held());
    expect(machine.calls()).toEqual(["sync "]);
  });

  it("is ordered in the last second of its time", async () => {
    machine.program("sync", clock("159.99"));
    expect(reboot()).toMatchObject({ code: 0 });
    await until(() => machine.has("asked"));
  });

  it("is not ordered by the process aside, which notes that", () => {
    machine.program("sleep", clock("160.00"));
    expect(reboot(undefined, { before: held() })).toMatchObject({ code: 0 });
    machine.shell(held());
    expect(machine.calls()).toEqual(["sync ", "sleep 0.3"]);
    expect(refusal()).toBe("too late to be ordered\n");
  });

  it.each(["systemctl", "reboot"])(
    "is not ordered in another way where %s took so long to refuse",
    (name) => {
      machine.program("systemctl", "exit 1");
      machine.program(name, `${clock("160.00")}; echo no answer >&2; exit 1`);
      reboot(undefined, { before: held() });
      machine.shell(held());
      expect(machine.calls().at(-1)).toMatch(`${name} `);
      expect(refusal()).toBe("too late to be ordered: no answer\n");
    },
  );

  it("is not ordered where the clock cannot be read", () => {
    machine.shell(`rm ${machine.at("uptime")}`);
    expect(reboot()).toMatchObject(late("begin", ""));
    expect(machine.calls()).toEqual([]);
  });
});
