import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { packageFacts } from "../../../provider/catalog/packages.js";
import {
  guestRunName,
  hostRunName,
  makeGuestRun,
  makeHostRun,
  type RunPackageOptions,
} from "./run-package.js";
import { until } from "./scenes.js";

const version = "550.127.06";
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "run-package-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a package whose installer notes its calls and answers `prepare` with the given code. */
function packageWith(prepareCode: number, options: Partial<RunPackageOptions> = {}): string {
  const installer = join(folder, "installer");
  const notes = join(folder, "calls");
  const answer = `if [ "$1" = prepare ]; then exit ${prepareCode}; fi`;
  writeFileSync(installer, `#!/bin/sh\nprintf '%s|' "$@" >> '${notes}'\necho >> '${notes}'\n${answer}\n`, {
    mode: 0o755,
  });
  const path = join(folder, hostRunName(version));
  writeFileSync(path, makeHostRun({ version, installer, ...options }));
  return path;
}

const calls = () =>
  existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8").trim().split("\n") : [];
const run = (path: string, ...args: string[]) =>
  spawnSync("/bin/sh", [path, ...args], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

describe("driver package", () => {
  it("has a name that the catalog understands", () => {
    expect(packageFacts(hostRunName(version))).toMatchObject({ kind: "host", version });
    expect(packageFacts(guestRunName("550.127.05"))).toMatchObject({ kind: "guest", version: "550.127.05" });
  });

  it("has the same bytes each time, and as many as asked for", () => {
    const hash = () =>
      createHash("sha256")
        .update(makeGuestRun({ version, payloadBytes: 100_000 }))
        .digest("hex");
    expect(hash()).toBe(hash());
    const extra = makeHostRun({ version, payloadBytes: 100_000 }).length - makeHostRun({ version }).length;
    expect(extra).toBe(100_000);
  });

  it("is a shell script without syntax errors, payload or not", () => {
    const path = packageWith(0, { payloadBytes: 5000 });
    expect(run(path, "--version").stdout).toContain(version);
    execFileSync("/bin/sh", ["-n", packageWith(0)]);
  });

  it.each([
    [["-as"], "accept|silent|"],
    [["-a", "-s", "--dkms"], "accept|silent|dkms|"],
    [["--silent", "--accept-license", "--no-questions", "--ui=none"], "silent|accept|no-questions|no-ui|"],
    [
      ["-s", "-k", "6.8.0-60-generic", "--kernel-module-type=open"],
      "silent|kernel=6.8.0-60-generic|modules=open|",
    ],
    [["-q", "-s", "-z", "--no-x-check", "--no-nvidia-modprobe"], "no-questions|silent|no-nouveau-check|"],
    [
      ["-as", "--module-signing-secret-key=/k", "--module-signing-public-key=/c"],
      "accept|silent|secret-key=/k|public-key=/c|",
    ],
  ])("takes %j and does all steps", (args, flags) => {
    const { status } = run(packageWith(0), ...args);
    expect(status).toBe(0);
    expect(calls().map((line) => line.split("|")[0])).toEqual([
      "prepare",
      "files",
      "modules",
      "services",
      "finish",
    ]);
    expect(calls()[0]).toBe(
      `prepare|kind=vgpu-kvm|version=${version}|fault=|${flags}arguments=${args.join(" ")}|`,
    );
  });

  it("refuses an option that it does not know, before it does anything", () => {
    const { status, stderr } = run(packageWith(0), "--frobnicate");
    expect(status).toBe(1);
    expect(stderr).toContain("--frobnicate");
    expect(calls()).toEqual([]);
  });

  it("unpacks and uninstalls on request", () => {
    const path = packageWith(0);
    expect(run(path, "--extract-only").status).toBe(0);
    expect(existsSync(join(folder, `NVIDIA-Linux-x86_64-${version}-vgpu-kvm`))).toBe(true);
    run(path, "--uninstall", "-s");
    expect(calls()).toEqual([
      `uninstall|kind=vgpu-kvm|version=${version}|fault=|uninstall|silent|arguments=--uninstall -s|`,
    ]);
  });

  it("ends with the installer's code when that refuses", () => {
    expect(run(packageWith(1), "-as").status).toBe(1);
    expect(calls()).toHaveLength(1);
  });

  it("ends with 0 and does nothing, when told so", () => {
    expect(run(packageWith(90), "-as").status).toBe(0);
    expect(calls()).toHaveLength(1);
  });

  it("dies after the files, when told so", () => {
    expect(run(packageWith(92), "-as").signal).toBe("SIGKILL");
    expect(calls().map((line) => line.split("|")[0])).toEqual(["prepare", "files"]);
  });

  it("never ends, when told so", async () => {
    const child = spawn("/bin/sh", [packageWith(91), "-as"], { detached: true, stdio: "ignore" });
    await until(() => calls().length === 1);
    expect(child.exitCode).toBeNull();
    process.kill(-(child.pid ?? 0), "SIGKILL");
  });

  it("hands its own fault on to the installer", () => {
    run(packageWith(0, { fault: "fail-once" }), "-as");
    expect(calls()[0]).toContain("|fault=fail-once|");
  });

  it("refuses a version that is none", () => {
    expect(() => makeHostRun({ version: "17.4'; rm" })).toThrow("17.4'; rm");
  });
});
