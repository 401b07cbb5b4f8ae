import { existsSync, mkdirSync, statSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockFunctions, lockScript } from "../../../provider/transport/lock/lock-scripts.js";
import { SmallMachine } from "../small-machine.js";

const folder = "run/pulumi-vgpu";
const older = "run/lock/pulumi-vgpu.lock";

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host");
  mkdirSync(machine.at(`${folder}/jobs`), { recursive: true, mode: 0o700 });
  mkdirSync(machine.at("run/lock"));
});
afterEach(() => machine.remove());

/** Runs hold-lock with this on its standard input; first what the machine does meanwhile. Each line it says is a list. */
function hold(first = "", stdin = "", silence = "60") {
  const said = machine.at("said");
  const text = `: > ${said}\n${first}\n(\n${lockScript("hold-lock").text}) > ${said}; code=$?; cat ${said}; exit $code`;
  const args = ["stack dev", "mine", machine.at(`${folder}/jobs`), silence];
  const { code, stdout, stderr } = machine.shell(text, args, stdin);
  return {
    code,
    stderr,
    said: stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split("\t")),
  };
}
/** A process beside that keeps this file locked until hold-lock has said so many times that it waits for it. */
const keep = (file: string, sign = "", times = 1) =>
  `rm -f ${machine.root}/kept
(${lockFunctions()}exec 5>> /${file}; flock 5; ${sign}
  : > ${machine.root}/kept
  tries=0; until [ "$(grep -c ^waiting ${machine.root}/said)" -ge ${times} ] || [ $tries = 200 ]; do tries=$((tries + 1)); /bin/sleep 0.05; done) < /dev/null > /dev/null 2>&1 &
until [ -e ${machine.root}/kept ]; do /bin/sleep 0.01; done`;
const waiting = (said: string[][]) => said.filter(([word]) => word === "waiting");
const number = expect.stringMatching(/^\d+$/);

describe("hold-lock", () => {
  it("takes a free lock, and says that nobody had it before", () => {
    expect(hold()).toEqual({ code: 0, stderr: "", said: [["held", "run", ""]] });
    expect(machine.read(`${folder}/run.holder`)).toMatch(/^\d+\t\d+\tmine\t-\tstack dev\n$/);
  });

  it("writes what only root may read, whatever the login's umask is", () => {
    hold("umask 000");
    for (const name of ["run.lock", "run.holder", "change.lock"])
      expect(statSync(machine.at(`${folder}/${name}`)).mode & 0o077, name).toBe(0);
  });

  it("says who had it before", () => {
    hold();
    expect(hold().said).toEqual([["held", "run", number, number, "mine", "-", "stack dev"]]);
  });

  it("takes nothing without flock, or where the folder is not root's", () => {
    const none = hold('command() { [ "$2" != flock ]; }');
    expect(none).toMatchObject({ code: 69, stderr: "flock: not found\n", said: [] });
    machine.shell(`rm -r /${folder}; ln -s /tmp /${folder}`);
    expect(hold()).toMatchObject({ code: 73, said: [] });
  });

  it("takes nothing where it cannot sign", () => {
    mkdirSync(machine.at(`${folder}/run.holder.new`));
    expect(hold()).toMatchObject({ code: 73, said: [] });
  });

  it("waits for another run, and says who it is as that signed it", () => {
    const sign = "lock_sign run $(sh -c 'echo $PPID') theirs - 'stack prod'";
    const { said } = hold(keep(`${folder}/run.lock`, sign));
    expect(waiting(said)).toEqual([["waiting", "run", number, number, "theirs", "-", "stack prod"]]);
    expect(said.at(-1)).toEqual(["held", "run", number, number, "theirs", "-", "stack prod"]);
  });

  it("says what the kernel knows of a holder that did not sign, or signed as another", () => {
    for (const sign of ["", "lock_sign run 4194303 theirs - 'stack prod'"]) {
      const { said } = hold(keep(`${folder}/run.lock`, sign));
      expect(waiting(said)).toEqual([
        ["waiting", "run", number, "-", "-", expect.stringContaining("sh"), "-"],
      ]);
    }
  });

  it("waits for a script that still changes the machine, without holding the run's lock", () => {
    const takes = `touch free; [ "$1" = 0.5 ] && (flock -n 5) 5>> ${folder}/run.lock && touch was-free; exec /bin/sleep "$@"`;
    machine.program("sleep", takes);
    const { said } = hold(keep(`${folder}/change.lock`));
    expect(waiting(said).map(([, kind]) => kind)).toEqual(["change"]);
    expect(machine.has("was-free")).toBe(true);
    expect(said.at(-1)).toEqual(["held", "run", ""]);
  });

  it("waits for a run of an older version, whose lock only root can have made", () => {
    machine.write(older, "", 0o600);
    expect(waiting(hold(keep(older)).said).map(([, kind]) => kind)).toEqual(["older"]);
    machine.write(older, "", 0o606);
    expect(waiting(hold(keep(older).replace("^waiting", ".")).said)).toEqual([]);
    machine.shell(`rm /${older}; mkfifo -m 600 /${older}`);
    expect(hold().said).toHaveLength(1);
    machine.shell(`rm /${older}`);
    symlinkSync(machine.at(`${folder}/jobs`), machine.at(older));
    expect(hold().said).toHaveLength(1);
  });

  it("says again who has the lock after ten looks, and not at each", () => {
    machine.program(
      "flock",
      '[ "$*" = "-w 1 9" ] && exec /bin/sleep 0.01; [ "$*" != "-n 9" ] || echo x >> looks; exec /usr/bin/flock "$@"',
    );
    const sign = "lock_sign run $(sh -c 'echo $PPID') theirs - 'stack prod'";
    const told = waiting(hold(keep(`${folder}/run.lock`, sign, 2)).said).length;
    const inVain = machine.read("looks").split("\n").length - 2;
    expect([told > 1, told * 2 < inVain]).toEqual([true, true]);
  });
});

describe("the watch over a client's silence", () => {
  it("leaves no process behind at its end", async () => {
    machine.program("sleep", 'echo $$ >> sleepers; exec /bin/sleep "$@"');
    const watched = `until [ -s ${machine.root}/sleepers ]; do /bin/sleep 0.02; done`;
    const args = ["stack dev", "mine", machine.at(`${folder}/jobs`), "60"];
    machine.shell(`(${watched}) | (\n${lockScript("hold-lock").text})`, args);
    expect(machine.read("sleepers")).not.toBe("");
    const left = () =>
      machine
        .read("sleepers")
        .split("\n")
        .filter((pid) => pid !== "" && existsSync(`/proc/${pid}`));
    for (let n = 0; n < 100 && left().length > 0; n++) await new Promise((done) => setTimeout(done, 20));
    expect(left()).toEqual([]);
  });
});

describe("a job that hold-lock starts", () => {
  const job = `${folder}/jobs/one`;
  const start = (first = "") => hold(first, "start one\n").said.slice(1).flat();
  beforeEach(() => {
    machine.write(
      `${job}/runner`,
      `cp ${machine.root}/${folder}/change.holder "$1/holder"; touch "$1/ran"\n`,
    );
  });
  const ran = async () => {
    for (let n = 0; n < 100 && !machine.has(`${job}/ran`); n++)
      await new Promise((done) => setTimeout(done, 20));
    return machine.has(`${job}/ran`);
  };

  it("is started once, and holds the change lock", async () => {
    expect(start()).toEqual(["started"]);
    expect(await ran()).toBe(true);
    expect(machine.read(`${folder}/change.holder`)).toMatch(/^\d+\t\d+\tmine\tjob one\tstack dev\n$/);
  });

  it("is not started where it runs, or has ended", () => {
    machine.write(`${job}/code`, "0\n");
    expect(start()).toEqual(["running"]);
    machine.shell(`rm /${job}/code`);
    expect(start(keep(`${job}/lock`).replace("^waiting", "^running"))).toEqual(["running"]);
    expect(machine.has(`${job}/ran`)).toBe(false);
  });

  it("is not started while another script changes the machine", () => {
    // The first is the look whether the lock can be taken at all.
    machine.program(
      "flock",
      '[ "$*" != "-n 8" ] || mkdir first 2> /dev/null || exit 1; exec /usr/bin/flock "$@"',
    );
    expect(start()).toEqual(["busy"]);
    expect(machine.has(`${job}/ran`)).toBe(false);
  });
});
