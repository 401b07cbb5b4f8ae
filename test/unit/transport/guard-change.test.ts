import { mkdirSync, statSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ownFolder } from "../../../provider/transport/command/remote-script.js";
import { guardedScript, lockFunctions } from "../../../provider/transport/lock/lock-scripts.js";
import { SmallMachine } from "../small-machine.js";

const folder = "run/pulumi-vgpu";

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host");
});
afterEach(() => machine.remove());

/** A shell that holds a run's lock, signed with this token. */
const held = (token: string) =>
  `${lockFunctions()}lock_ready; exec 9>> /${folder}/run.lock; flock -n 9; lock_sign run $$ ${token} - 'stack dev'\n`;

/** Runs a script that changes something, sent by the run with the token "mine"; first what the machine does meanwhile. */
function change(first: string, { stdin = "", bytes = stdin.length as number | null } = {}) {
  const script = {
    name: "x",
    text: `echo began "$@"; cat; cat /${folder}/change.holder >&2; ls /${folder} >&2\n`,
  };
  const { script: guarded, args } = guardedScript({ script, args: ["one", "two"] }, "mine", bytes);
  return machine.shell(`${first}( exec 9>&-\n${guarded.text})`, args, stdin);
}
const notBegun = (code: number, why: string) => ({ code, stdout: "", stderr: why });

describe("a script that changes something", () => {
  it("begins with its own arguments and all of its input, signed, and leaves nothing of that", () => {
    const { code, stdout, stderr } = change(held("mine"), { stdin: "in\nput" });
    expect([code, stdout]).toEqual([0, "began one two\nin\nput"]);
    expect(stderr).toMatch(
      /^\d+\t\d+\tmine\t\S+\tstack dev\nchange\.holder\nchange\.lock\nrun\.holder\nrun\.lock\n$/,
    );
  });

  it("is given no input where none is meant for it, and a stream as it comes", () => {
    expect(change(held("mine"), { stdin: "other", bytes: 0 }).stdout).toBe("began one two\n");
    expect(change(held("mine"), { stdin: "a stream", bytes: null }).stdout).toBe("began one two\na stream");
  });

  it("does not begin with less input than it has, and leaves nothing of that", () => {
    const short = change(held("mine"), { stdin: "inp", bytes: 4 });
    expect(short).toEqual(notBegun(75, "pulumi-vgpu: not begun: input\n"));
    expect(machine.list(folder)).toEqual(["run.holder", "run.lock"]);
  });

  it("does not wait for its input for ever, and lets nobody but root read it", () => {
    machine.program("head", `stat -c %a ${folder}/input.* > mode; exec /usr/bin/head "$@"`);
    change(held("mine"), { stdin: "input" });
    expect(machine.read("mode")).toBe("600\n");
    machine.program("timeout", '[ "$1" = 60 ] && exit 124');
    expect(change(held("mine"), { stdin: "input" })).toEqual(notBegun(75, "pulumi-vgpu: not begun: input\n"));
  });

  it("does not begin beside another", () => {
    const other = `exec 5>> /${folder}/change.lock; flock -n 5\n`;
    expect(change(held("mine") + other)).toEqual(notBegun(75, "pulumi-vgpu: not begun: busy\n"));
  });

  it("does not begin for a run that another has taken the lock from, or that has ended", () => {
    const lost = notBegun(75, "pulumi-vgpu: not begun: lost\n");
    expect(change(held("other"))).toEqual(lost);
    expect(change(`${held("mine")}exec 9>&-\n`)).toEqual(lost);
    machine.write(`${folder}/run.holder`, "mine\tmine\tmine\t-\tx\n");
    expect(change("")).toEqual(lost);
  });

  it("does not begin where the folder of the locks is not root's, or it cannot sign", () => {
    mkdirSync(machine.at(`${folder}/change.holder.new`), { recursive: true });
    expect(change(held("mine"))).toMatchObject({ code: 73, stdout: "" });
    machine.shell(`rm -r /${folder}; ln -s /tmp /${folder}`);
    expect(change("")).toEqual(notBegun(73, "/run/pulumi-vgpu is not a folder of root's\n"));
  });
});

describe("the folder of the locks", () => {
  const ready = () => machine.shell(`${lockFunctions()}lock_ready`);

  it("is made for root alone, whatever the login's umask is, and closed where it was open", () => {
    expect(machine.shell(`umask 000\n${lockFunctions()}lock_ready`).code).toBe(0);
    expect(statSync(machine.at(folder)).mode & 0o777).toBe(0o700);
    machine.shell(`chmod 755 /${folder}`);
    expect(ready().code).toBe(0);
    expect(statSync(machine.at(folder)).mode & 0o777).toBe(0o700);
    machine.program("chmod", "exit 1");
    expect(ready().code).toBe(1);
  });

  it.each(["run.lock", "change.lock"])("is not to be trusted where %s is a link or no file", (name) => {
    mkdirSync(machine.at(`${folder}/${name}`), { recursive: true });
    const told = { code: 1, stderr: `/${folder}/${name} is no plain file\n` };
    expect(ready()).toMatchObject(told);
    machine.shell(`rmdir /${folder}/${name}`);
    symlinkSync("/no/such", machine.at(`${folder}/${name}`));
    expect(ready()).toMatchObject(told);
  });
});

describe("who signed a lock", () => {
  const read = (text: string) => {
    machine.write(`${folder}/run.holder`, text);
    return machine.shell(
      `${lockFunctions()}lock_read run && printf '%s|%s|%s|%s' "$lock_pid" "$lock_token" "$lock_what" "$lock_who"`,
    ).stdout;
  };

  it("is read from one line of five fields, and nobody from any other", () => {
    expect(read("7\t5\ta-token\tclaim\tstack dev\n")).toBe("7|a-token|claim|stack dev");
    for (const bent of ["", "\n", "x\t5\tt\tw\tu\n", "7\tx\tt\tw\tu\n", "7\n"])
      expect(read(bent), bent).toBe("");
  });

  it("has a file open, or has not", () => {
    const asks = (file: string) =>
      machine.shell(`${lockFunctions()}exec 5>> /run/x; lock_open_in $$ /run/${file} && echo open`).stdout;
    machine.write("run/y", "");
    expect([asks("x"), asks("y")]).toEqual(["open\n", ""]);
  });
});

describe("a folder of what root runs", () => {
  const own = () =>
    machine.shell(`${ownFolder()}own_folder /var/lib/pulumi-vgpu; printf '%s|%s' "$?" "$why"`).stdout;

  it("is not to be trusted where it cannot be made or closed to others, and the reason is told", () => {
    machine.program("chmod", "echo read-only; exit 1");
    expect(own()).toBe("1|read-only");
    machine.shell("rmdir /var/lib/pulumi-vgpu; : > /var/lib/pulumi-vgpu");
    expect(own()).toMatch(/^1\|mkdir: .*File exists$/);
  });
});
