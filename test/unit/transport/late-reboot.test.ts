import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withLock } from "../../../provider/transport/lock.js";
import { type RebootOptions, rebootAndWait } from "../../../provider/transport/reboot.js";
import { latenessText } from "../../../provider/transport/reboot-failures.js";
import { closeAllSessions, sessionFor } from "../../../provider/transport/session.js";
import { SshFixture } from "./ssh-fixture.js";

let machine: SshFixture;
beforeEach(async () => {
  machine = new SshFixture();
  await machine.start();
  machine.bootCommand(`touch ${machine.root}/asked`);
});
afterEach(async () => {
  writeFileSync(`${machine.root}/go`, "");
  await closeAllSessions();
  await machine.stop();
});

/** The message of a reboot that fails; nothing that it would end is there. */
async function failure(options: Partial<RebootOptions>): Promise<string> {
  const session = sessionFor(machine.connection());
  const guard = { text: "look_at_processes() { vms= unread=; }\n", refusal: () => new Error() as never };
  const whole = { bootId: "boot-1", deadlineMs: 15_000, guard, ...options };
  const end = await withLock(session, "stack dev", () => rebootAndWait(session, whole)).catch((e) => e);
  return (end as Error).message;
}
const target = () => `root@127.0.0.1:${machine.port}`;

/** A sync that ends by the machine's clock, more than so many seconds after it began. */
function untilLater(seconds: number): string {
  const now = "$(cut -d . -f 1 /proc/uptime)";
  return `#!/bin/sh\nend=$((${now} + ${seconds}))\nuntil [ ${now} -gt $end ]; do sleep 0.1; done`;
}

/** Waits until the machine's script has ended, which holds the change lock as long. */
function scriptEnds(): void {
  writeFileSync(`${machine.root}/go`, "");
  const lock = `${machine.root}/run/pulumi-vgpu/change.lock`;
  expect(spawnSync("flock", ["-w", "10", lock, "true"]).status).toBe(0);
}

describe("a machine whose disks take long to be written", () => {
  it("is not rebooted when that took longer than the time for the order, and the run says so", async () => {
    machine.standIn("sync", untilLater(2));
    expect((await failure({ orderMs: 1000 })).replace(/only \d s/, "only N s")).toBe(
      `VGPU_TIMEOUT ${target()}: the machine was not rebooted: what goes before the reboot took too long
Saw: its disks were written only N s after the time for the order (reboot-machine)
Expected: its disks written and its processes looked at within 1 s
Next: look for what holds the machine up: dmesg, and what is slow to write (/proc/pressure/io, NFS); then run again
Now: the machine was not rebooted, and this run's script does not reboot it later; what was done before stays, and the next run goes on from there`,
    );
    scriptEnds();
    expect(machine.has("asked")).toBe(false);
  });

  it("is not rebooted when that ends after the run has given up", async () => {
    machine.standIn(
      "sync",
      `#!/bin/sh\ntouch ${machine.root}/syncs\nuntil [ -e ${machine.root}/go ]; do sleep 0.05; done`,
    );
    const message = await failure({ orderMs: 1000, answerMs: 1500 });
    expect(message).toContain("took too long\nSaw: no answer; still boot boot-1 (reboot-machine)\n");
    expect(machine.has("syncs")).toBe(true);
    scriptEnds();
    expect(machine.has("asked")).toBe(false);
  });

  it("is not rebooted after a run whose connection was cut meanwhile, and whose whole time is over", async () => {
    machine.standIn("sync", untilLater(5));
    machine.cut.push("pulumi-vgpu:reboot-machine");
    const message = await failure({ deadlineMs: 3000 });
    expect(message).toMatch(
      /the machine did not come back within 3 s\nSaw: [\s\S]*\nNow: whether the machine was told to reboot is not known; by now it is told no more$/,
    );
    scriptEnds();
    expect(machine.has("asked")).toBe(false);
  });
});

describe("the time for the order of a reboot", () => {
  it("cannot be set where the machine does not say how long it runs, and nothing is ordered", async () => {
    machine.standIn("cat", '#!/bin/sh\ncase $1 in */uptime) echo never ;; *) exec /bin/cat "$@" ;; esac');
    expect(await failure({})).toBe(
      `VGPU_PROTOCOL ${target()}: cannot set the time for the reboot
Saw: "boot-1\\nnever\\n" (read-boot-id: /proc/sys/kernel/random/boot_id, /proc/uptime)
Expected: the boot's id, and the seconds since that boot
Next: run again; if it stays, see on the machine what these files say
Now: the machine was not rebooted; what was done before stays, and the next run goes on from there`,
    );
    expect(machine.commands.some((command) => command.includes("pulumi-vgpu:reboot-machine"))).toBe(false);
  });

  it("is over for the process that orders it, which is no refusal of the machine's", async () => {
    const aside =
      "#!/bin/sh\n[ $1 != 0.3 ] || until [ -e /run/never ] || [ -e $0.over ]; do touch $0.over; done\n";
    machine.standIn("sleep", `${aside}exec /bin/sleep "$@"`);
    machine.bootCommand("echo 'too late to be ordered' >&2; exit 1");
    expect(await failure({})).toContain(
      "the machine was not rebooted: what goes before the reboot took too long\nSaw: too late to be ordered",
    );
  });

  it("is said by what the script came to", () => {
    expect(latenessText("late\tbegin\t4\n")).toBe("its script began only 4 s after the time for the order");
    expect(latenessText("vm\t7\nlate\tlook\t0\n")).toBe(
      "its processes were looked at only 0 s after the time for the order",
    );
    for (const bent of ["", "late", "late\tx\t4", "late\tlook\tx", "late\tlook\t"])
      expect(latenessText(bent)).toBe("the machine's clock could not be read: /proc/uptime");
  });
});
