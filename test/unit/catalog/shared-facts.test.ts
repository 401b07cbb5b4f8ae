import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findBoard } from "../../../provider/catalog/boards.js";
import { releases } from "../../../provider/catalog/releases.js";
import { findVgpuType, vgpuTypes } from "../../../provider/catalog/types.js";
import { sharedFactsPresent, sharedPath, sharedText } from "./shared-facts.js";

const builder = join(__dirname, "../../../tools/catalog/build.mjs");
const dataFolder = join(__dirname, "../../../provider/catalog/data");

function check(folder: string): { readonly status: number | null; readonly stderr: string } {
  const args = [builder, sharedPath("domain"), "--check", "--data", folder];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  return { status, stderr };
}

describe.runIf(sharedFactsPresent)("the catalog beside the shared facts", () => {
  it("is what the builder makes of them", () => {
    expect(check(dataFolder)).toEqual({ status: 0, stderr: "" });
  });

  it("may differ from them only in rows that name a correction as source", () => {
    const folder = mkdtempSync(join(tmpdir(), "catalog-"));
    cpSync(dataFolder, folder, { recursive: true });
    const path = join(folder, "types.json");
    const original = readFileSync(path, "utf8");
    const row = original.split("\n").find((line) => line.includes('"A40-8Q"')) ?? "";
    const changed = row.replace('"maxInstancesPerGpu": 6', '"maxInstancesPerGpu": 5');
    writeFileSync(path, original.replace(row, changed));
    const uncorrected = check(folder);
    writeFileSync(path, original.replace(row, changed.replace('"sources": [', '"sources": [ "C1",')));
    const corrected = check(folder);
    rmSync(folder, { recursive: true });
    expect(uncorrected).toEqual({ status: 1, stderr: `${path} differs from the facts\n` });
    expect(corrected).toEqual({ status: 0, stderr: "" });
  });

  it("knows every type and release of theirs", () => {
    const types = JSON.parse(sharedText("domain/types.json")).types as {
      shortName: string;
      staleId?: string;
    }[];
    const rows = JSON.parse(sharedText("domain/releases.json")).releases as unknown[];
    expect(vgpuTypes().length).toBe(types.filter((type) => type.staleId === undefined).length);
    for (const type of types) expect(findVgpuType(type.shortName)?.shortName).toBe(type.shortName);
    expect(releases().length).toBe(rows.length);
  });

  it("agrees with the captured type list of an L40S", () => {
    const rows = sharedText("domain/sample-outputs/sysfs-vendor-vfio.creatable_vgpu_types.l40s.txt").matchAll(
      /^(\d+)\s*: (.*)$/gm,
    );
    const captured = [...rows].map(([, id, name = ""]) => ({ name, vgpuTypeId: Number(id) }));
    expect(captured.length).toBeGreaterThan(20);
    for (const row of captured) expect(findVgpuType(row.name)).toMatchObject(row);
  });

  it("agrees with the captured types of an A2 in id, size and number", () => {
    const text = sharedText("domain/sample-outputs/sysfs-sriov-mdev.a2.types.txt");
    const names = [...text.matchAll(/nvidia-(\d+)\/name: (.*)$/gm)];
    expect(names.length).toBeGreaterThan(10);
    for (const [, id, name = ""] of names) {
      const description = new RegExp(
        `nvidia-${id}/description: .*framebuffer=(\\d+)M.*max_instance=(\\d+)`,
      ).exec(text);
      expect(findVgpuType(name)).toMatchObject({
        vgpuTypeId: Number(id),
        framebufferMiB: Number(description?.[1]),
        maxInstancesPerGpu: Number(description?.[2]),
      });
    }
  });

  it("knows the boards of the captured machines", () => {
    const { pf } = JSON.parse(sharedText("captures/sysfs/a2-node.json")).facts;
    expect(findBoard({ deviceId: pf.device, subsystemId: pf.subsystemDevice })?.name).toBe(pf.board);
    const { files } = JSON.parse(sharedText("captures/nvidia-smi-xml/facts.json"));
    const names = files.map(
      ({ expect: { gpus } }: { expect: { gpus: { pciDeviceId: string; pciSubsystemId: string }[] } }) =>
        gpus.map((gpu) => findBoard({ deviceId: gpu.pciDeviceId, subsystemId: gpu.pciSubsystemId })?.name),
    );
    expect(names).toEqual([["NVIDIA A100"], ["NVIDIA L40S"], ["Tesla T4"]]);
  });
});
