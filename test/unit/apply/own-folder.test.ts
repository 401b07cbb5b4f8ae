import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bootUnit, restoreScript } from "../../../provider/apply/boot-unit.js";
import { changingScript } from "../../../provider/apply/machine.js";
import { readScript } from "../../../provider/observe/read-script.js";
import { commandLine } from "../../../provider/transport/command/command-line.js";
import { ownFolder, transportScript } from "../../../provider/transport/command/remote-script.js";
import { runShell, type ShellResult } from "../shell.js";

const content = "a package\n";
const sha256 = createHash("sha256").update(content).digest("hex");
const isRoot = process.getuid?.() === 0;
const someoneElse = 65534;

let root: string;
let state: string;
let packages: string;
let library: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "own-folder-"));
  state = join(root, "var/lib/pulumi-vgpu");
  packages = join(state, "packages");
  library = join(root, "usr/local/lib/pulumi-vgpu");
  for (const folder of ["bin", "usr/local/lib", "etc/systemd/system", "var/lib"])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, "bin/systemctl"), "#!/bin/sh\n", { mode: 0o755 });
  writeFileSync(join(root, "source.run"), content);
});
afterEach(() => rmSync(root, { recursive: true }));

/** Runs a script as the transport does, with the login's umask, on the machine below `root`. */
function run(text: string, args: readonly string[], stdin = ""): ShellResult {
  const script = {
    name: "tried",
    text: text.replaceAll(/\/(var\/lib|usr\/local\/lib|etc)\//g, `${root}/$1/`),
  };
  const line = commandLine(script, args, { by: "login" }).text;
  const ran = runShell(`umask 000\n${line.replace(/PATH=/, `PATH=${root}/bin:`)}`, [], stdin);
  // Its answer stands between marks of that call.
  const own = (output: string) =>
    output.replace(/^vgpu-((?:begin|errors)-[0-9a-f]+|end-[0-9a-f]+ \d+)\n/gm, "");
  return { ...ran, stdout: own(ran.stdout), stderr: own(ran.stderr) };
}
const copy = () => run(changingScript("copy-package", "host"), [join(root, "source.run"), sha256]);
const receive = () =>
  run(ownFolder() + transportScript("receive-file").text, [`${packages}/${sha256}.run`, sha256], content);
const installUnit = () => run(changingScript("install-boot-unit", "host"), [bootUnit()], restoreScript());
const mode = (path: string) => statSync(path).mode & 0o777;
const makeOpen = (...folders: string[]) => {
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o777);
  }
};
const ways = [
  ["copied", copy],
  ["uploaded", receive],
] as const;

describe("what root runs", () => {
  it("is written by nobody else, whatever the login's umask is", () => {
    expect(installUnit()).toMatchObject({ code: 0 });
    for (const path of [library, join(library, "restore")]) expect(mode(path)).toBe(0o755);
    expect(mode(join(root, "etc/systemd/system/pulumi-vgpu.service"))).toBe(0o644);
    expect(copy()).toMatchObject({ code: 0 });
    for (const folder of [state, packages]) expect(mode(folder) & 0o022).toBe(0);
  });

  it("lies in a folder that is closed to others when it was open to them", () => {
    makeOpen(library, state, packages);
    expect(installUnit()).toMatchObject({ code: 0 });
    expect(mode(library)).toBe(0o755);
    for (const [, bring] of ways) {
      makeOpen(state, packages);
      expect(bring()).toMatchObject({ code: 0 });
      for (const folder of [state, packages]) expect(mode(folder)).toBe(0o755);
      expect(readFileSync(join(packages, `${sha256}.run`), "utf8")).toBe(content);
      rmSync(join(packages, `${sha256}.run`));
    }
  });

  it("is not put behind a link", () => {
    const elsewhere = join(root, "elsewhere");
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, library);
    expect(installUnit()).toMatchObject({ code: 1, stderr: `${library} is not a folder of root's\n` });
    mkdirSync(state);
    symlinkSync(elsewhere, packages);
    for (const [, bring] of ways)
      expect(bring()).toMatchObject({ code: 1, stderr: `${packages} is not a folder of root's\n` });
    expect(run('ls -A "$1"', [elsewhere]).stdout).toBe("");
  });

  it.runIf(isRoot).each(ways)("does not lie in another user's folder: %s", (_way, bring) => {
    mkdirSync(packages, { recursive: true });
    chownSync(packages, someoneElse, someoneElse);
    expect(bring()).toMatchObject({ code: 1, stderr: `${packages} is not a folder of root's\n` });
  });

  it.runIf(isRoot).each(ways)("takes the place of another user's file: %s", (_way, bring) => {
    mkdirSync(packages, { recursive: true });
    for (const name of [`${sha256}.run`, `${sha256}.part`, `${sha256}.run.part`]) {
      writeFileSync(join(packages, name), content);
      chownSync(join(packages, name), someoneElse, someoneElse);
    }
    expect(bring()).toMatchObject({ code: 0 });
    expect(statSync(join(packages, `${sha256}.run`)).uid).toBe(0);
  });

  it("never lands in a folder that has a file's name", () => {
    for (const path of [join(packages, `${sha256}.run`), join(library, "restore")])
      mkdirSync(path, { recursive: true });
    for (const [, bring] of [...ways, ["unit", installUnit] as const]) expect(bring().code).not.toBe(0);
    expect(lstatSync(join(packages, `${sha256}.run`)).isDirectory()).toBe(true);
  });
});

describe("a package that others may change", () => {
  const file = () => join(packages, `${sha256}.run`);
  const judged = () =>
    run(
      `${changingScript("install-driver", "host").split("line_of /proc/sys")[0]}is_package "$1" "$4" && echo run it || echo "$why"`,
      [file(), "550.127.06", "no", sha256],
    ).stdout;
  const looked = () =>
    run(
      `fact() { echo "$@"; }\n${/^for value in \/var\/lib\/pulumi-vgpu[\s\S]*?^done$/m.exec(readScript("observe/machine.sh"))?.[0]}`,
      [],
    ).stdout;

  it("is neither run nor counted as one that lies ready", () => {
    mkdirSync(packages, { recursive: true });
    writeFileSync(file(), content, { mode: 0o600 });
    expect([judged(), looked()]).toEqual(["run it\n", `upload ${sha256}\n`]);
    const refused = [`${file()} is not a file that root alone can change\n`, ""];
    chmodSync(file(), 0o606);
    expect([judged(), looked()]).toEqual(refused);
    chmodSync(file(), 0o600);
    if (isRoot) {
      chownSync(file(), someoneElse, someoneElse);
      expect([judged(), looked()]).toEqual(refused);
    }
    rmSync(file());
    writeFileSync(join(root, "linked"), content, { mode: 0o600 });
    symlinkSync(join(root, "linked"), file());
    expect([judged(), looked()]).toEqual(refused);
  });

  it("is no more to be run when its folder is another's", () => {
    mkdirSync(state, { recursive: true });
    symlinkSync(dirname(root), packages);
    expect(run(changingScript("install-driver", "host"), [file(), "550.127.06", "no", sha256])).toMatchObject(
      { code: 1, stdout: `${packages} is not a folder of root's\n` },
    );
  });
});

describe("a boot unit that others may change", () => {
  const looked = () => {
    const text = /^open=\$\(find[\s\S]*?^done$/m.exec(readScript("observe/host-records.sh"))?.[0];
    return run(`fact() { echo "$@"; }\n${text}`, []).stdout.trim().split("\n");
  };

  it("is not taken for ours, and is ours again when it was installed anew", () => {
    installUnit();
    const whole = looked();
    expect(whole[0]).toMatch(/^boot-file restore [0-9a-f]{64}$/);
    for (const path of [
      library,
      join(library, "restore"),
      join(root, "etc/systemd/system/pulumi-vgpu.service"),
    ]) {
      chmodSync(path, 0o777);
      expect(
        looked().some((line) => line.endsWith("others may change it")),
        path,
      ).toBe(true);
      installUnit();
      expect(looked()).toEqual(whole);
    }
  });
});
