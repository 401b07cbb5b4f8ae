import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hostFunctions, restoreScript } from "../../../provider/apply/boot-unit.js";
import { isPlanOutdated } from "../../../provider/transport/lock/lock-failures.js";
import { guardedScript } from "../../../provider/transport/lock/lock-scripts.js";
import { withLock } from "../../../provider/transport/lock.js";
import {
  closeAllSessions,
  type Session,
  type SessionOptions,
  sessionFor,
} from "../../../provider/transport/session.js";
import { SshFixture, until } from "./ssh-fixture.js";

let machine: SshFixture;
beforeEach(async () => {
  machine = new SshFixture();
  await machine.start();
});
afterEach(async () => {
  go();
  await closeAllSessions();
  await machine.stop();
});
const here = (options?: SessionOptions) => sessionFor(machine.connection(), options);
/** Another name of the machine is another connection, as another process would have. */
const elsewhere = (options?: SessionOptions) =>
  sessionFor(machine.connection({ host: "localhost" }), options);
/** Notes its start, then waits until the file "go" is there. */
const slow = {
  name: "slow-thing",
  text: 'echo begin >> "$1/log"; until [ -e "$1/go" ] || [ ! -d "$1" ]; do sleep 0.02; done; echo end >> "$1/log"',
};
const quick = { name: "quick-thing", text: 'echo quick >> "$1/log"' };
const go = () => writeFileSync(`${machine.root}/go`, "");
const log = () => (machine.has("log") ? readFileSync(`${machine.root}/log`, "utf8").trim().split("\n") : []);
const change = (session: Session, script: { name: string; text: string }) =>
  session.change({ script, args: [machine.root] });
const failure = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => new Error("it did not fail"),
    (error: Error) => error,
  );
describe("a script that changes the machine", () => {
  /** Leaves the slow script on the machine, its run gone. */
  async function outliveItsRun(): Promise<void> {
    const lost = failure(withLock(here(), "infra/dev/gpu-01", () => change(here(), slow)));
    await until(() => log().includes("begin"));
    await closeAllSessions();
    expect((await lost).message).toContain("VGPU_UNREACHABLE");
  }

  it("keeps every other run out until it has ended, when its own run is gone", async () => {
    await outliveItsRun();
    const second = withLock(elsewhere(), "second", () => change(elsewhere(), quick));
    await until(() => machine.commands.filter((line) => line.includes("pulumi-vgpu:hold-lock")).length === 2);
    await elsewhere().exec({ script: { name: "wait", text: "sleep 0.7" } });
    expect(log()).toEqual(["begin"]);
    go();
    await second;
    expect(log()).toEqual(["begin", "end", "quick"]);
  });

  it("is named to the run that waits for it, with its process and its age", async () => {
    await outliveItsRun();
    const told: string[] = [];
    const request = { who: "second", onWait: (text: string) => told.push(text) };
    const waiting = withLock(elsewhere(), request, async () => "in");
    await until(() => told.length > 0);
    expect(told[0]?.replace(/\d+/g, "N")).toBe(
      "waits for the lock of the machine, held by infra/dev/gpu-N: slow-thing, process N, for N s",
    );
    go();
    expect(await waiting).toBe("in");
  });

  it("is waited for longer than a run", async () => {
    await outliveItsRun();
    const waiting = failure(withLock(elsewhere({ lockDeadlineMs: 900 }), "second", async () => {}));
    const late = await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 2000, "waits"))]);
    expect(late).toBe("waits");
    go();
    expect((await waiting).message).toBe("it did not fail");
  });

  it("does not begin beside another of its run: it is planned for anew when that has ended", async () => {
    await withLock(here(), "stack dev", async () => {
      const first = change(here(), slow);
      await until(() => log().includes("begin"));
      const second = failure(change(here(), quick));
      await here().exec({ script: { name: "wait", text: "sleep 0.5" } });
      expect(log()).toEqual(["begin"]);
      go();
      const error = await second;
      expect(isPlanOutdated(error)).toBe(true);
      expect(error.message).toBe(
        [
          `VGPU_LOCKED root@127.0.0.1:${machine.port}: quick-thing did not begin`,
          "Saw: another script of ours was still changing the machine (exit code 75 of quick-thing)",
          "Expected: one script at a time, sent by the run that holds the lock",
          "Next: run again: the machine is observed anew and the rest is done",
          "Now: quick-thing changed nothing",
        ].join("\n"),
      );
      await first;
      await change(here(), quick);
    });
    expect(log()).toEqual(["begin", "end", "quick"]);
  });

  const guarded = (token: string, bytes: number) =>
    guardedScript({ script: quick, args: [machine.root] }, token, bytes);

  it("does not begin for a run that has lost the lock", async () => {
    await withLock(here(), "first", async () => {});
    const nobody = await here().exec(guarded("a-token", 0));
    expect(nobody).toMatchObject({ code: 75, stderr: "pulumi-vgpu: not begun: lost\n" });
    await withLock(elsewhere(), "second", async () => {
      const other = await here().exec(guarded("a-token", 0));
      expect(other).toMatchObject({ code: 75, stderr: "pulumi-vgpu: not begun: lost\n" });
    });
    const [, token = ""] = readFileSync(`${machine.root}/run/pulumi-vgpu/run.holder`, "utf8")
      .split("\t")
      .slice(1);
    const ended = await here().exec(guarded(token, 0));
    expect(ended).toMatchObject({ code: 75, stderr: "pulumi-vgpu: not begun: lost\n" });
    expect(log()).toEqual([]);
  });

  it("does not begin with half of its input", async () => {
    const half = await here().exec({ ...guarded("a-token", 10), stdin: "12345" });
    expect(half).toMatchObject({ code: 75, stderr: "pulumi-vgpu: not begun: input\n" });
    expect(log()).toEqual([]);
    expect(machine.has("run/pulumi-vgpu/run.lock")).toBe(false);
  });

  it("gets its input whole, and leaves nothing of it", async () => {
    const script = { name: "copy-thing", text: 'cat > "$1/copy"; ls /run/pulumi-vgpu' };
    const stdin = "one\ntwo 'three'\n\nlast without an end";
    await withLock(here(), "first", async () => {
      const { stdout } = await here().change({ script, args: [machine.root], stdin });
      expect(readFileSync(`${machine.root}/copy`, "utf8")).toBe(stdin);
      expect(stdout).toBe("change.holder\nchange.lock\nrun.holder\nrun.lock\n");
    });
  });

  it("is not sent outside the lock", async () => {
    await expect(change(here(), quick)).rejects.toThrow(
      `quick-thing would change root@127.0.0.1:${machine.port} without its lock`,
    );
    expect(machine.commands).toEqual([]);
  });

  it("leaves the lock free when a write that the kernel holds up is left behind", async () => {
    const text = `${hostFunctions()}mkfifo "$1/held"; write_attribute "$1/held" 1 1; echo "$why"`;
    await withLock(here(), "first", async () => {
      const { stdout } = await change(here(), { name: "write-thing", text });
      expect(stdout).toContain("the kernel has not answered the write");
      await change(here(), quick);
    });
    expect(await withLock(elsewhere(), "second", async () => "in")).toBe("in");
    readFileSync(`${machine.root}/held`);
  });

  it("is waited for by what restores vGPUs at boot", async () => {
    await withLock(here(), "first", async () => {
      const changing = change(here(), slow);
      await until(() => log().includes("begin"));
      const text = restoreScript().replaceAll("/etc/pulumi-vgpu", `${machine.root}/none`);
      let restored = false;
      const restoring = elsewhere()
        .exec({ script: { name: "restore", text } })
        .then(({ code }) => {
          restored = true;
          return code;
        });
      await here().exec({ script: { name: "wait", text: "sleep 0.5" } });
      expect(restored).toBe(false);
      go();
      expect(await restoring).toBe(0);
      await changing;
    });
  });
});
