import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockTimeout } from "../../../provider/transport/lock/lock-failures.js";
import { withLock } from "../../../provider/transport/lock.js";
import { closeAllSessions, type SessionOptions, sessionFor } from "../../../provider/transport/session.js";
import { SshFixture, until } from "./ssh-fixture.js";

let machine: SshFixture;
beforeEach(async () => {
  machine = new SshFixture();
  await machine.start();
});
afterEach(async () => {
  writeFileSync(`${machine.root}/go`, "");
  await closeAllSessions();
  await machine.stop();
});
const here = (options?: SessionOptions) => sessionFor(machine.connection(), options);
const elsewhere = (options?: SessionOptions) =>
  sessionFor(machine.connection({ host: "localhost" }), options);
const enter = (options?: SessionOptions) => withLock(elsewhere(options), "second", async () => "in");
const failure = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => new Error("it did not fail"),
    (error: Error) => error,
  );
const plain = (error: Error) =>
  error.message
    .replaceAll(machine.root, "")
    .replace(/process \d+/g, "process N")
    .replace(/for [\d.]+ s/, "for S")
    .replace(/waited [\d.]+ s/, "waited S");

/** Keeps a lock on a file of the machine, by a program of no run, until the file "go" is there. /run is the machine's. */
async function keepLocked(path: string): Promise<void> {
  const text =
    'exec 5>> "$2"; flock -n 5 || exit 1; touch "$1/kept"; until [ -e "$1/go" ] || [ ! -d "$1" ]; do sleep 0.05; done';
  void here()
    .exec({ script: { name: "keep-lock", text }, args: [machine.root, path] })
    .catch(() => {});
  await until(() => machine.has("kept"));
}

describe("the folder of the locks", () => {
  it("is root's alone, and stays so where an older version left it open", async () => {
    mkdirSync(`${machine.root}/run/pulumi-vgpu`, { mode: 0o755 });
    expect(await enter()).toBe("in");
    expect(statSync(`${machine.root}/run/pulumi-vgpu`).mode & 0o777).toBe(0o700);
  });

  const strange = {
    "a link": () => symlinkSync(machine.root, `${machine.root}/run/pulumi-vgpu`),
    "a file": () => writeFileSync(`${machine.root}/run/pulumi-vgpu`, ""),
    "a queue": () => execFileSync("mkfifo", [`${machine.root}/run/pulumi-vgpu`]),
  };
  it.for(Object.entries(strange))("is refused where it is %s", async ([, make]) => {
    make();
    expect(plain(await failure(enter()))).toBe(
      [
        `VGPU_STEP_FAILED root@localhost:${machine.port}: cannot take the lock of this machine`,
        "Saw: exit code 73: /run/pulumi-vgpu is not a folder of root's (hold-lock)",
        "Expected: a folder /run/pulumi-vgpu of root's with plain lock files",
        "Next: look at /run/pulumi-vgpu on the machine and remove what is not as expected, then run again",
      ].join("\n"),
    );
  });

  it.skipIf(process.getuid?.() !== 0)("is refused where it is another user's", async () => {
    mkdirSync(`${machine.root}/run/pulumi-vgpu`, { mode: 0o777 });
    chownSync(`${machine.root}/run/pulumi-vgpu`, 12_345, 12_345);
    expect(plain(await failure(enter()))).toContain("/run/pulumi-vgpu is not a folder of root's");
  });

  it("is refused where a lock in it is no plain file", async () => {
    mkdirSync(`${machine.root}/run/pulumi-vgpu`, { mode: 0o700 });
    execFileSync("mkfifo", [`${machine.root}/run/pulumi-vgpu/change.lock`]);
    expect(plain(await failure(enter()))).toContain("/run/pulumi-vgpu/change.lock is no plain file");
  });
});

describe("the place of an older version's lock, where every user may write", () => {
  const old = "/run/lock/pulumi-vgpu.lock";

  it("is not opened unless only root can have made and opened what is there", async () => {
    const path = `${machine.root}${old}`;
    const locked = `${machine.root}/locked`;
    await keepLocked(locked);
    const attacks = {
      "a queue": () => execFileSync("mkfifo", ["-m", "600", path]),
      "a link": () => symlinkSync(`${machine.root}/not-there`, path),
      "a folder": () => mkdirSync(path),
      "a file that all may open": () => {
        renameSync(locked, path);
        chmodSync(path, 0o644);
      },
      "another name of a file of root's": () => {
        linkSync(path, locked);
        chmodSync(path, 0o600);
      },
    };
    for (const [name, make] of Object.entries(attacks)) {
      make();
      expect(await enter(), name).toBe("in");
      if (name !== "a file that all may open") rmSync(path, { recursive: true });
    }
    expect(machine.has("not-there")).toBe(false);
  });

  it.skipIf(process.getuid?.() !== 0)("does not let another user's lock block the machine", async () => {
    await keepLocked(old);
    chmodSync(`${machine.root}${old}`, 0o600);
    chownSync(`${machine.root}${old}`, 12_345, 12_345);
    expect(await enter()).toBe("in");
  });

  it("keeps a run out while a run of the older version is at work, and names its process", async () => {
    writeFileSync(`${machine.root}${old}`, "", { mode: 0o600 });
    await keepLocked(old);
    expect(plain(await failure(enter({ lockDeadlineMs: 1500 })))).toBe(
      [
        `VGPU_LOCKED root@localhost:${machine.port}: another run is changing this machine`,
        "Saw: held by a run of an older version, process N; waited S (/run/lock/pulumi-vgpu.lock)",
        "Expected: the end of that run",
        "Next: run again when it has ended",
      ].join("\n"),
    );
    const waiting = enter();
    writeFileSync(`${machine.root}/go`, "");
    expect(await waiting).toBe("in");
  });
});

describe("the holder of the lock", () => {
  it("is who the kernel says when the process that signed does not have the lock open", async () => {
    await enter();
    writeFileSync(
      `${machine.root}/run/pulumi-vgpu/run.holder`,
      `${process.pid}\t5\ta-token\t-\tsomebody else\n`,
    );
    await keepLocked("/run/pulumi-vgpu/run.lock");
    const message = plain(await failure(enter({ lockDeadlineMs: 2000 })));
    expect(message).toMatch(
      /^Saw: held by process N \(\/bin\/sh -c .*\); waited S \(\/run\/pulumi-vgpu\/run.lock\)$/m,
    );
    expect(message).not.toContain("somebody else");
    expect(message).toContain("Next: run again when it has ended");
  });

  it("is told by one line, whatever its name has in it", async () => {
    const lock = withLock(here(), "evil\nheld\trun\u0007\u202e name", () =>
      failure(enter({ lockDeadlineMs: 1500 })),
    );
    expect(plain(await lock)).toContain("Saw: held by evil held run   name, process N, for S; waited S");
  });

  it("has its age by the time since the boot, whatever the clock of the machine says", async () => {
    await enter();
    const [pid, since] = readFileSync(`${machine.root}/run/pulumi-vgpu/run.holder`, "utf8").split("\t");
    expect(Number(pid)).toBeGreaterThan(0);
    const uptime = Number(readFileSync("/proc/uptime", "utf8").split(".")[0]);
    expect(uptime - Number(since)).toBeLessThan(60);
    expect(uptime - Number(since)).toBeGreaterThanOrEqual(0);
  });

  it("of a change is not offered to be killed: what it does may be half done", () => {
    const holder = {
      kind: "change",
      pid: "4711",
      ageMs: 312_000,
      token: "t",
      what: "block-nouveau",
      who: "a/b/c",
    } as const;
    expect(lockTimeout("root@gpu-01:22", holder, 1_800_000).message).toBe(
      [
        "VGPU_LOCKED root@gpu-01:22: a script is still changing this machine",
        "Saw: held by a/b/c: block-nouveau, process 4711, for 312 s; waited 1800 s (/run/pulumi-vgpu/change.lock)",
        "Expected: the end of that script",
        "Next: run again when it has ended",
      ].join("\n"),
    );
  });
});

describe("a run that vanished without a word", () => {
  it("frees the lock after the silence, and so does its upload", async () => {
    const silent = here({ lockSilenceMs: 1000 });
    writeFileSync(`${machine.root}/local`, Buffer.alloc(64 * 1024 * 1024));
    const file = {
      path: `${machine.root}/local`,
      remotePath: `${machine.root}/far/file`,
      sha256: "0".repeat(64),
    };
    let lost = false;
    const first = failure(
      withLock(silent, "first", () =>
        silent.upload({
          ...file,
          onProgress: () => {
            if (!lost) machine.loseClients();
            lost = true;
          },
        }),
      ),
    );
    await until(() => lost);
    expect(await enter()).toBe("in");
    machine.cutConnections();
    await first;
  });

  it("is not one that is only busy for longer than the silence", async () => {
    const session = here({ lockSilenceMs: 1000 });
    await withLock(session, "first", async () => {
      await session.exec({ script: { name: "wait", text: "sleep 3" } });
      const [, , token] = readFileSync(`${machine.root}/run/pulumi-vgpu/run.holder`, "utf8").split("\t");
      await session.change({ script: { name: "true", text: "true" } });
      expect(readFileSync(`${machine.root}/run/pulumi-vgpu/run.holder`, "utf8")).toContain(`\t${token}\t`);
      expect(machine.commands.filter((line) => line.includes("pulumi-vgpu:hold-lock"))).toHaveLength(1);
    });
  });

  it("gives the question for the lock up when no session opens for it", async () => {
    machine.ignoreSessions = true;
    const session = here({ deadlineMs: 500, lockDeadlineMs: 500 });
    const error = await failure(withLock(session, "first", async () => {}));
    expect(error.message.replace(/[\d.]+ s/, "S")).toBe(
      [
        `VGPU_TIMEOUT root@127.0.0.1:${machine.port}: cannot ask for the lock of this machine`,
        "Saw: no session for it within S (hold-lock)",
        "Expected: an SSH server that opens a session",
        "Next: look at the machine's load and at its sshd (MaxSessions), then run again",
      ].join("\n"),
    );
  });
});
