import { describe, expect, it } from "vitest";
import { labBoards } from "./cards.js";
import { labTypes, vgpuTypesText } from "./vgpu-types.js";

const row = (text: string, name: string) => text.split("\n").find((line) => line.endsWith(` ${name}`));

describe("vgpuTypesText", () => {
  it("writes a time-sliced type with what its sysfs directory shows", () => {
    expect(row(vgpuTypesText(["NVIDIA A40"]), "NVIDIA A40-2Q")).toMatch(
      /^type 558 2235 - 2048 \d+ 24 4 7680x4320 60 Quadro Q 1 - - vWS NVIDIA A40-2Q$/,
    );
  });

  it("writes the types of the L40S that its creatable list was captured with", () => {
    const ids = labTypes("NVIDIA L40S").map((type) => type.vgpuTypeId);
    expect(ids).toEqual([...Array.from({ length: 22 }, (_, index) => 1145 + index), 2164]);
  });

  it("ties a MIG-backed type to the GPU instance it needs", () => {
    const text = vgpuTypesText(["NVIDIA A100 PCIe"]);
    expect(row(text, "GRID A100-1-5C")).toMatch(/^type 474 20f1 .* C 0 19 1 vCS GRID A100-1-5C$/);
    expect(row(text, "GRID A100-1-5CME")).toMatch(/ 20 1 vCS GRID A100-1-5CME$/);
    expect(row(text, "GRID A100-3-20C")).toMatch(/ 9 1 vCS GRID A100-3-20C$/);
    expect(row(text, "2g.10gb")).toBe("profile 14 20f1 2 2 3 3 9984 2g.10gb");
  });

  it("leaves out types that no host could show: without number, without name", () => {
    expect(vgpuTypesText(labBoards)).not.toMatch(/undefined|NaN|Infinity/);
  });

  it("gives every row the words the driver expects, and ends the table", () => {
    const lines = vgpuTypesText(labBoards).trimEnd().split("\n");
    expect(lines.at(-1)).toBe("end");
    for (const line of lines.slice(0, -1)) {
      expect(line).toMatch(
        /^(?:type \d+ [0-9a-f]{4} (?:-|[0-9a-f]{4}) \d+ \d+ \d+ \d+ \d+x\d+ \d+ \S+ [ABCQ] [01] (?:- -|\d+ \d+) \S+ \S.*|profile \d+ [0-9a-f]{4} \d+ \d+ \d+ \d+ \d+ \S+)$/,
      );
    }
  });
});
