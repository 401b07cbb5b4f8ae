import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { bootFileHashes, bootUnit, restoreScript } from "../../../provider/apply/boot-unit.js";
import { changingScript } from "../../../provider/apply/machine.js";
import { readScript } from "../../../provider/observe/read-script.js";
import { settings } from "../../../provider/settings/order.js";
import { syntaxErrors } from "../shell.js";

const provider = join(__dirname, "../../../provider");
const scripts = readdirSync(provider, { recursive: true, encoding: "utf8" }).filter((path) =>
  path.endsWith(".sh"),
);
const ofSettings = settings.flatMap(({ name, kinds }) =>
  Object.keys(kinds).map((kind) => `settings/${name}/${kind}.sh`),
);
const changing = [...scripts.filter((path) => path.startsWith("apply/shell/")), ...ofSettings];
const hasShellcheck = spawnSync("shellcheck", ["--version"]).status === 0;

describe("the shell scripts", () => {
  it("are all found", () => {
    expect(scripts.length).toBeGreaterThan(25);
  });

  it.each(scripts)("%s has the syntax of a plain sh", (path) => {
    expect(syntaxErrors(readScript(path))).toBe("");
  });

  it.each(changing)("%s has it together with the functions it starts with", (path) => {
    expect(syntaxErrors(changingScript(basename(path, ".sh"), "guest"))).toBe("");
  });

  it.runIf(hasShellcheck)("have nothing that shellcheck warns of", () => {
    const text = scripts
      .filter((path) => path.startsWith("apply/shell/") || path.startsWith("settings/"))
      .map((path) => join(provider, path));
    const options = ["--shell=sh", "--severity=warning", "--exclude=SC2034,SC2154"];
    expect(spawnSync("shellcheck", [...options, ...text], { encoding: "utf8" }).stdout).toBe("");
  });

  it("never leave a line without its end, so that two in a row stay two", () => {
    for (const path of scripts) expect(readScript(path).endsWith("\n"), path).toBe(true);
  });
});

describe("the boot unit", () => {
  it("runs the very functions that make vGPUs", () => {
    expect(syntaxErrors(restoreScript())).toBe("");
    expect(restoreScript().startsWith("#!/bin/sh\n")).toBe(true);
    for (const name of ["make_mdev", "make_vendor", "enable_vfs"]) {
      expect(restoreScript()).toContain(`${name}() {`);
    }
  });

  it("comes after NVIDIA's services and before the ones that start VMs", () => {
    expect(bootUnit()).toMatch(/^After=.*nvidia-vgpu-mgr\.service$/m);
    expect(bootUnit()).toMatch(/^Before=.*libvirtd\.service.*libvirt-guests\.service$/m);
    expect(bootUnit()).toMatch(/^ConditionPathIsDirectory=\/etc\/pulumi-vgpu$/m);
    expect(bootUnit()).toMatch(/^ExecStart=.*\/usr\/local\/lib\/pulumi-vgpu\/restore$/m);
  });

  it("is known by the hashes of its files", () => {
    expect(Object.keys(bootFileHashes()).sort()).toEqual(["pulumi-vgpu.service", "restore"]);
    for (const hash of Object.values(bootFileHashes())) expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(bootFileHashes()).toEqual(bootFileHashes());
  });
});
