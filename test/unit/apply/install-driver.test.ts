import { createHash } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SmallMachine } from "../small-machine.js";

const version = "550.127.06";
const log = "var/lib/pulumi-vgpu/installer.log";
const record = "etc/pulumi-vgpu/driver";
const blocks = ["etc", "usr/lib"].map((at) => `${at}/modprobe.d/nvidia-installer-disable-nouveau.conf`);

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host");
  machine.program("modinfo", "if [ -e module ]; then cat module; else exit 1; fi");
  machine.program("dkms", `echo "nvidia/${version}, $(uname -r), x86_64: installed"`);
  machine.program(
    "df",
    'printf "Filesystem\\nx 9 9 %s 0%% /\\n" "$(cat room 2> /dev/null || echo 99999999)"',
  );
});
afterEach(() => machine.remove());

/** Installs a package whose installer is this text, run in the machine's root; `dkms` and the declared hash may be others. */
function install(installer: string, { dkms = "no", hash = "" } = {}) {
  const text = `#!/bin/sh\necho "$@" > ${machine.root}/arguments\ncd ${machine.root}\n${installer}\n`;
  const sha256 = createHash("sha256").update(text).digest("hex");
  const run = `var/lib/pulumi-vgpu/packages/${sha256}.run`;
  machine.write(run, text, 0o600);
  const args = [machine.at(run), version, dkms, hash || sha256];
  return { ...machine.run("install-driver", args), run: `/${run}`, sha256 };
}
const works = `echo ${version} > module`;
const ran = () => machine.has("arguments");

describe("install-driver", () => {
  it("notes what it is about to install before the installer begins, and that it is done after it ended", () => {
    const { code, stdout } = install(`cp ${record} seen; ${works}`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(machine.read("seen")).toContain(`state=intent\nversion=${version}\nboot=`);
    expect(machine.read(record)).toContain(`state=done\nversion=${version}\nboot=`);
    expect(machine.read("arguments")).toBe(
      `--silent --accept-license --no-questions --ui=none --log-file-name=${machine.at(log)}\n`,
    );
    expect(machine.list("var/lib/pulumi-vgpu")).toEqual(["packages"]);
  });

  it("installs nothing where it cannot note that it is about to", () => {
    mkdirSync(machine.at(record), { recursive: true });
    expect(install(works)).toMatchObject({ code: 1 });
    expect(ran()).toBe(false);
  });

  it("is not done where it cannot note that it is", () => {
    expect(install(`${works}; rm ${record}; mkdir ${record}`, { dkms: "yes" })).toMatchObject({ code: 1 });
  });

  it("runs no package of another content, and none that others may write", () => {
    const other = install(works, { hash: "0".repeat(64) });
    expect(other).toMatchObject({
      code: 3,
      stdout: `sha256 of ${other.run} is ${other.sha256}, expected ${"0".repeat(64)}\n`,
    });
    expect([ran(), machine.has(record)]).toEqual([false, false]);
  });

  it("runs nothing where no folder has room to unpack to, and says so of each", () => {
    machine.write("room", "2048\n");
    const needs = "has room for 2 MiB, the installer needs 128 MiB";
    expect(install(works)).toMatchObject({
      code: 4,
      stdout: `/var/lib/pulumi-vgpu/installer ${needs}; /usr/local/lib/pulumi-vgpu/installer ${needs}\n`,
    });
    expect([ran(), machine.has(record)]).toEqual([false, false]);
    expect([machine.list("var/lib/pulumi-vgpu"), machine.list("usr/local/lib")]).toEqual([["packages"], []]);
  });

  it("runs nothing where it cannot be told how much room the package takes", () => {
    machine.program("stat", "exit 1");
    const { code, stdout, run } = install(works);
    expect([code, stdout, ran()]).toEqual([4, `${run} cannot be read\n`, false]);
  });

  it("unpacks to the first folder where it can, and leaves none", () => {
    machine.write("usr/local/lib/pulumi-vgpu/restore", "ours\n");
    expect(install(`echo "$TMPDIR" > where; ${works}`).code).toBe(0);
    expect(machine.read("where")).toBe(`${machine.at("var/lib/pulumi-vgpu/installer")}\n`);
    machine.program(
      "mkdir",
      'case $* in *var/lib/pulumi-vgpu/installer) exit 1 ;; esac; exec /bin/mkdir "$@"',
    );
    expect(install(`echo "$TMPDIR" > where; ${works}`).code).toBe(0);
    expect(machine.read("where")).toBe(`${machine.at("usr/local/lib/pulumi-vgpu/installer")}\n`);
    expect(machine.list("usr/local/lib/pulumi-vgpu")).toEqual(["restore"]);
  });

  it.each([
    ["ends with 0 and leaves no module", "true", "installer exit code 0; module nvidia on disk: none\n"],
    [
      "leaves another version",
      "echo 1.2.3 > module",
      "installer exit code 0; module nvidia on disk: 1.2.3\n",
    ],
    [
      "leaves its module and fails",
      `${works}; exit 7`,
      `installer exit code 7; module nvidia on disk: ${version}\n`,
    ],
  ])("fails where the installer %s, with the end of its log", (_what, installer, told) => {
    machine.write(log, "of an earlier run\n");
    const written = install(`seq 1 20 > ${log}; ${installer}`);
    expect(written).toMatchObject({
      code: 1,
      stdout: `${[...Array(15).keys()].map((n) => n + 6).join("\n")}\n${told}`,
    });
    expect(machine.read(record)).toContain("state=intent\n");
    rmSync(machine.at("module"), { force: true });
    machine.write(log, "of an earlier run\n");
    expect(install(installer).stdout).toBe(
      `the installer wrote no log: it ended before it began to install\n${told}`,
    );
  });

  it("says that the driver which was loaded is not any more, and only where that is so", () => {
    const gone = "the driver that was loaded before is not loaded any more: the installer unloaded it\n";
    expect(install("exit 1").stdout).not.toContain(gone);
    mkdirSync(machine.at("sys/module/nvidia"));
    expect(install("exit 1").stdout).not.toContain(gone);
    expect(install("rmdir sys/module/nvidia; exit 1").stdout).toMatch(new RegExp(`${gone}$`));
  });

  it("takes the installer's own blocks of nouveau away, and leaves those that were there", () => {
    const [etc = "", lib = ""] = blocks;
    machine.write(lib, "blacklist nouveau\n");
    const writes = blocks.map((block) => `mkdir -p ${block.replace(/\/[^/]*$/, "")}; echo new > ${block}`);
    expect(install(`${writes.join("; ")}; ${works}`).code).toBe(0);
    expect([machine.has(etc), machine.read(lib)]).toEqual([false, "new\n"]);
  });

  it("asks DKMS for a driver that should outlive the kernel, and says where it has it not", () => {
    expect(install(works).stdout).toBe("");
    expect(machine.calls().filter((call) => call.startsWith("dkms"))).toEqual([]);
    const whole = install(works, { dkms: "yes" });
    expect([whole.code, whole.stdout]).toEqual([0, ""]);
    expect(machine.read("arguments")).toMatch(/ --dkms\n$/);
    machine.program("dkms", `echo "nvidia/${version}, 1.2.3, x86_64: installed"`);
    const lacking = install(works, { dkms: "yes" });
    expect(lacking.code).toBe(0);
    expect(lacking.stdout).toMatch(
      /^notice: DKMS does not have driver 550\.127\.06 for kernel \S+ \(dkms status\): the next kernel will have no driver until this one is installed again\n$/,
    );
    machine.program("dkms", `echo "nvidia/${version}, $(uname -r), x86_64: added"`);
    expect(install(works, { dkms: "yes" }).stdout).toBe(lacking.stdout);
  });
});
