import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { makeDebPackage } from "./deb-package.js";

const version = "550.127.06";
const content = { kind: "vgpu-kvm", version, vgpuConfig: "end\n" } as const;
const hasDpkg = spawnSync("dpkg-deb", ["--version"]).status === 0;

describe.runIf(hasDpkg)("the .deb form of the vGPU manager", () => {
  const folder = mkdtempSync(join(tmpdir(), "deb-package-test-"));
  const ask = (...args: string[]) => spawnSync("dpkg-deb", args, { encoding: "utf8" }).stdout;
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("has the vendor's name, needs dkms, and brings the sources that dkms builds", async () => {
    const { path, sha256 } = await makeDebPackage(content, folder);
    expect(path.endsWith(`nvidia-vgpu-ubuntu-${version}_amd64.deb`)).toBe(true);
    expect(ask("--field", path, "Package", "Depends")).toMatch(/nvidia-vgpu-ubuntu-550[\s\S]*\bdkms\b/);
    const files = ask("--contents", path);
    for (const file of [
      `usr/src/nvidia-${version}/dkms.conf`,
      "usr/bin/nvidia-smi",
      "usr/lib/nvidia/sriov-manage",
    ])
      expect(files).toContain(file);
    expect((await makeDebPackage(content, join(folder, "again"))).sha256).toBe(sha256);
  });
});
