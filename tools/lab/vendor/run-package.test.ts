import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageContent, packageHead, packageHeadBytes } from "../../../provider/catalog/package-content.js";
import { makeRunPackage } from "./run-package.js";

const version = "550.127.06";
const content = { kind: "vgpu-kvm", version, vgpuConfig: "end\n" } as const;
const hasMakeself = spawnSync("makeself", ["--version"]).status === 0;

describe.runIf(hasMakeself)("a driver package", () => {
  const folder = mkdtempSync(join(tmpdir(), "run-package-test-"));
  let path = "";
  const run = (args: readonly string[], uid = 0) => {
    const bin = join(folder, `uid-${uid}`);
    if (!existsSync(bin)) {
      mkdirSync(bin);
      writeFileSync(join(bin, "id"), `#!/bin/sh\necho ${uid}\n`);
      chmodSync(join(bin, "id"), 0o755);
    }
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
    return spawnSync("sh", [path, ...args], { encoding: "utf8", cwd: folder, env, input: "" });
  };
  const log = join(folder, "installer.log");
  /** Stops at the missing kernel at the latest, and unloads nothing. */
  const harmless = ["--skip-module-unload", "-z", "-k", "0.0.0-none", `--log-file-name=${log}`];

  beforeAll(async () => {
    path = (await makeRunPackage(content, folder)).path;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("has the same bytes each time it is made from the same content", async () => {
    const first = await makeRunPackage(content, join(folder, "first"));
    const second = await makeRunPackage(content, join(folder, "second"));
    expect(first.path.endsWith(`NVIDIA-Linux-x86_64-${version}-vgpu-kvm.run`)).toBe(true);
    expect(first.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(second.sha256).toBe(first.sha256);
  });

  it("is an archive of makeself's, with its ways to look inside", () => {
    expect(run(["--info"]).stdout).toContain(`NVIDIA vGPU manager for KVM ${version}`);
    expect(run(["--check"]).status).toBe(0);
    expect(run(["--list"]).stdout).toContain("./nvidia-installer");
  });

  it("unpacks with -x, and has the version in the modules' sources", () => {
    expect(run(["-x"]).status).toBe(0);
    const unpacked = join(folder, `NVIDIA-Linux-x86_64-${version}-vgpu-kvm`);
    expect(readFileSync(join(unpacked, "kernel/dkms.conf"), "utf8")).toContain(
      `PACKAGE_VERSION="${version}"`,
    );
    expect(readFileSync(join(unpacked, "kernel/nv-version.h"), "utf8")).toContain(`"${version}"`);
    expect(existsSync(join(unpacked, "files/usr/bin/nvidia-uninstall"))).toBe(true);
  });

  it("tells its version and refuses an option it does not know", () => {
    expect(run(["-v"]).stdout).toContain(`nvidia-installer:  version ${version}\n`);
    expect(run(["--frob"])).toMatchObject({ status: 1 });
    expect(run(["-asw"]).stderr).toContain('nvidia-installer: unrecognized option: "-asw"\n');
    expect(run(["-k"]).stderr).toContain("ERROR: the option '-k' needs a value");
  });

  it("refuses to run as another user than root", () => {
    const { status, stderr } = run(["-as", ...harmless], 1000);
    expect(status).toBe(1);
    expect(stderr).toContain("ERROR: nvidia-installer must be run as root");
  });

  it("is judged by the provider as what it is", () => {
    const { form, product } = packageContent(packageHead(readFileSync(path).subarray(0, packageHeadBytes)));
    expect({ form, product }).toEqual({ form: "run", product: { kind: "host", version } });
  });

  it("asks for no license", () => {
    const { status, stderr } = run(["-q", "--ui=none", ...harmless]);
    expect(status).toBe(1);
    expect(stderr).not.toMatch(/license/i);
    expect(stderr).toContain("ERROR: Unable to find the kernel source tree");
  });

  it("ends with 0 as an uninstaller, whether there is a driver or not", () => {
    expect(run(["--uninstall", "--silent", `--log-file-name=${log}`]).status).toBe(0);
  });

  it("refuses without kernel headers, in the captured words, and logs it", () => {
    const { status, stderr } = run([
      "--silent",
      "--accept-license",
      "--no-questions",
      "--ui=none",
      "--dkms",
      ...harmless,
    ]);
    expect(status).toBe(1);
    expect(stderr).toContain("ERROR: Unable to find the kernel source tree for the kernel 0.0.0-none.");
    const text = readFileSync(log, "utf8");
    expect(text).toContain(`installer version: ${version}`);
    expect(text).toContain("nvidia-installer command line:\n    ./nvidia-installer\n    --silent\n");
    expect(text).toContain("ERROR: Installation has failed.");
  });
});
