import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runJob } from "../../../provider/transport/job.js";
import { withLock } from "../../../provider/transport/lock.js";
import { closeAllSessions, sessionFor } from "../../../provider/transport/session.js";
import { SshFixture, until } from "./ssh-fixture.js";

describe("runJob", () => {
  let machine: SshFixture;
  beforeEach(async () => {
    machine = new SshFixture();
    await machine.start();
  });
  afterEach(async () => {
    await closeAllSessions();
    await machine.stop();
  });
  const here = () => sessionFor(machine.connection());
  const elsewhere = () => sessionFor(machine.connection({ host: "localhost" }));
  /** Notes each start, then waits until the file "go" is there. */
  const text = `echo start >> "$1/starts"; echo working; until [ -e "$1/go" ] || [ ! -d "$1" ]; do sleep 0.02; done; cat; echo err >&2; exit "$2"`;
  const job = (code = 0) => ({
    id: "install-1.0",
    script: { name: "install-thing", text },
    args: [machine.root, String(code)],
    stdin: "in 'put'\n",
    deadlineMs: 20_000,
  });
  const starts = () => {
    try {
      return readFileSync(`${machine.root}/starts`, "utf8").split("\n").length - 1;
    } catch {
      return 0;
    }
  };
  const go = () =>
    elsewhere().exec({
      script: { name: "go", text: 'touch "$1/go"' },
      args: [machine.root],
    });

  it("returns the exit code and the output of work that reads its input", async () => {
    const running = runJob(here(), job(3));
    await until(() => starts() === 1);
    await go();
    expect(await running).toEqual({ code: 3, output: "working\nin 'put'\nerr\n" });
  });

  it("shows the output while the work goes on", async () => {
    const tails: string[] = [];
    const running = runJob(here(), { ...job(), pollMs: 1000, onPoll: (tail) => tails.push(tail) });
    await until(() => tails.length > 0);
    expect(tails[0]).toBe("working\n");
    await go();
    await running;
  });

  it("goes on and answers when the connection goes in the middle, without starting twice", async () => {
    const running = runJob(here(), job());
    await until(() => starts() === 1);
    machine.cutConnections();
    await go();
    expect((await running).code).toBe(0);
    expect(starts()).toBe(1);
  });

  it("is taken up by a second call with the same id while it runs", async () => {
    await withLock(here(), "stack dev", async () => {
      const both = [runJob(here(), job()), runJob(here(), job())];
      await until(() => starts() === 1);
      await go();
      expect((await Promise.all(both)).map(({ code }) => code)).toEqual([0, 0]);
    });
    expect(starts()).toBe(1);
  });

  it("runs again for a call after its end", async () => {
    await go();
    await runJob(here(), job());
    await runJob(here(), job());
    expect(starts()).toBe(2);
  });

  it("keeps the machine's lock after its process is gone, and another run waits for its end", async () => {
    const lost = await runJob(here(), { ...job(), deadlineMs: 1 }).catch((error: Error) => error);
    expect(lost).toBeInstanceOf(Error);
    await until(() => starts() === 1);
    await closeAllSessions();
    const events: string[] = [];
    const other = withLock(elsewhere(), "second run", async () => events.push("in"));
    await until(() => machine.commands.filter((command) => command.includes("hold-lock")).length >= 2);
    await until(() => machine.openChannels > 0);
    await here().exec({ script: { name: "wait", text: "sleep 0.3" } });
    expect(events).toEqual([]);
    await go();
    await other;
    expect(events).toEqual(["in"]);
  });

  it("does not leave the lock to what its script starts without it", async () => {
    const script = { name: "start-daemon", text: "sleep 30 > /dev/null 2>&1 < /dev/null 7>&- 8>&- &" };
    await runJob(here(), { id: "daemon", script, deadlineMs: 5000 });
    expect(await withLock(elsewhere(), "second run", async () => "in")).toBe("in");
  }, 8000);

  it("is told as half done when it was killed", async () => {
    const script = {
      name: "install-thing",
      text: "echo half; parent=$(ps -o ppid= -p $$); kill -9 $(ps -o ppid= -p $parent); sleep 1",
    };
    const error = (await runJob(here(), { id: "killed", script, deadlineMs: 10_000 }).catch(
      (e) => e,
    )) as Error;
    expect(error.message).toBe(
      [
        `VGPU_STEP_FAILED root@127.0.0.1:${machine.port}: install-thing ended without an exit code`,
        "Saw: it was killed: half",
        "Expected: the end of job killed",
        "Next: run again: the machine is observed anew and the rest is done",
        "Now: install-thing may be half done",
      ].join("\n"),
    );
  });

  it("is told as half done when the machine lost power", async () => {
    const { port } = machine;
    const running = runJob(here(), job()).catch((error: Error) => error);
    await until(() => starts() === 1);
    await machine.powerOff();
    await machine.start(port);
    expect(((await running) as Error).message).toContain("Saw: the machine was rebooted");
  });

  it("is not waited for without end where nothing answers its start", async () => {
    // What holds the lock has 9 open: it answers no more once it is asked to start a job.
    machine.standIn(
      "flock",
      '#!/bin/sh\nif [ "$*" = "-n 7" ] && [ -e /proc/self/fd/9 ]; then exec sleep 60; fi\nexec /usr/bin/flock "$@"\n',
    );
    const session = sessionFor(machine.connection(), { lockSilenceMs: 1000, lockDeadlineMs: 500 });
    const error = (await runJob(session, job()).catch((e) => e)) as Error;
    expect(error.message).toMatch(/^VGPU_LOCKED root@127\.0\.0\.1:\d+: /);
    expect(starts()).toBe(0);
  }, 20_000);

  it("is left running at the deadline, and that is said", async () => {
    const error = (await runJob(here(), { ...job(), deadlineMs: 1000 }).catch((e) => e)) as Error;
    expect(error.message).toBe(
      [
        `VGPU_TIMEOUT root@127.0.0.1:${machine.port}: install-thing did not end within 1 s`,
        "Saw: working",
        "Expected: the end of job install-1.0",
        "Next: run again: the job goes on meanwhile, and the next run waits for it",
        "Now: job install-1.0 may still be running, in /run/pulumi-vgpu/jobs/install-1.0 on the machine",
      ].join("\n"),
    );
    await go();
  });
});
