import { describe, expect, it } from "vitest";
import { boardReference, boards, findBoard } from "../../../provider/catalog/boards.js";
import { sources } from "../../../provider/catalog/sources.js";
import {
  familyOfType,
  findVgpuType,
  isKnownFamily,
  licensesOfType,
  typesOfBoard,
  vgpuTypes,
} from "../../../provider/catalog/types.js";
import { parseVgpuTypeName } from "../../../provider/model/vgpu-type.js";

const codes = new Set(sources().map((source) => source.code));
const references = new Set(boards().map(boardReference));

describe("vgpuTypes", () => {
  it("says in each name what the row says", () => {
    for (const type of vgpuTypes()) {
      const { framebufferMiB, series, shortName } = type;
      const parsed = parseVgpuTypeName(shortName);
      expect(parsed, shortName).toMatchObject({ framebufferMiB, series });
      expect(parsed?.migSlices !== null, shortName).toBe(type.migBacked);
      if (type.migSlices !== undefined) expect(parsed?.migSlices, shortName).toBe(type.migSlices);
      if (type.name !== undefined) expect(type.name.split(" ").at(-1)).toBe(shortName);
      expect(type.maxInstancesPerGpu ?? 1, shortName).toBeGreaterThan(0);
      expect(findVgpuType(type.name ?? shortName)).toBe(type);
    }
  });

  it("names a known source for each row, and known boards", () => {
    for (const type of vgpuTypes()) {
      expect(type.sources.length, type.shortName).toBeGreaterThan(0);
      for (const code of type.sources) expect(codes).toContain(code);
      for (const board of type.boards ?? []) expect(references).toContain(board);
    }
  });

  it("has each name once", () => {
    expect(new Set(vgpuTypes().map((type) => type.shortName.toLowerCase())).size).toBe(vgpuTypes().length);
    expect(vgpuTypes().length).toBeGreaterThan(1100);
  });

  it("has the id of the newer release where a name had two", () => {
    expect(findVgpuType("RTXA5500-8Q")?.vgpuTypeId).toBe(767);
  });
});

describe("findVgpuType", () => {
  it.each([
    ["A40-8Q", "A40-8Q"],
    ["a40-8q", "A40-8Q"],
    ["NVIDIA A40-8Q", "A40-8Q"],
    ["GRID A40-8Q", "A40-8Q"],
    ["NVIDIA RTX Pro 6000 Blackwell DC-4Q", "DC-4Q"],
    ["NVIDIA RTX PRO 6000 Blackwell DC-1-2Q", "DC-1-2Q"],
  ])("finds %s", (name, shortName) => {
    expect(findVgpuType(name)?.shortName).toBe(shortName);
  });

  it.each(["my type is A40-8Q", "NVIDIA  A40-8Q", "A40-8Q ", "", "A40"])(
    "takes %j for no type's name",
    (name) => {
      expect(findVgpuType(name)).toBeNull();
    },
  );

  it("does not know a size that no row has", () => {
    expect(findVgpuType("A40-5Q")).toBeNull();
  });
});

describe("typesOfBoard", () => {
  const namesOf = (deviceId: string, subsystemId: string) => {
    const board = findBoard({ deviceId, subsystemId });
    return board === null ? [] : typesOfBoard(board).map((type) => type.shortName);
  };

  it("has the types a source lists for the board and those that bear its name", () => {
    expect(namesOf("10de:2235", "")).toEqual(expect.arrayContaining(["A40-8Q", "A40-4C"]));
    expect(namesOf("10de:2bb5", "")).toEqual(expect.arrayContaining(["DC-4Q", "DC-8C", "DC-1-2Q"]));
  });

  it("tells an A16 from an A2 with the same device id", () => {
    expect(namesOf("10de:25b6", "10de:14a9")).toContain("A16-16Q");
    expect(namesOf("10de:25b6", "10de:14a9")).not.toContain("A2-16Q");
    expect(namesOf("10de:25b6", "10de:157e")).toContain("A2-4C");
  });

  it("is empty for a board whose types no source lists", () => {
    expect(namesOf("10de:25b6", "10de:159d")).toEqual([]);
  });

  it("never mixes two GPUs' names on one board", () => {
    for (const board of boards()) {
      expect(new Set(typesOfBoard(board).map((type) => familyOfType(type.shortName))).size).toBeLessThan(2);
    }
  });
});

describe("isKnownFamily", () => {
  it("knows GPU parts of names in any case", () => {
    expect(isKnownFamily("rtx6000-ADA")).toBe(true);
    expect(isKnownFamily("X99")).toBe(false);
  });
});

describe("familyOfType", () => {
  it.each([
    ["NVIDIA A40-8Q", "a40"],
    ["RTX6000-Ada-8Q", "rtx6000-ada"],
    ["A100-1-5C", "a100"],
    ["A40", null],
    ["", null],
  ])("of %j is %j", (name, family) => {
    expect(familyOfType(name)).toBe(family);
  });
});

describe("licensesOfType", () => {
  it.each([
    ["A40-8Q", ["vWS"]],
    ["A40-1B", ["vPC", "vWS"]],
    ["A40-8A", ["vApps"]],
    ["X99-8Q", ["vWS"]],
    ["X99-1B", ["vPC", "vWS"]],
    ["X99-8A", ["vApps"]],
    ["X99-4C", ["NVIDIA AI Enterprise", "vCS (releases up to 15)"]],
  ])("names the licenses of %s", (name, licenses) => {
    expect(licensesOfType(name)).toEqual(licenses);
  });

  it("has none for a text that is no type's name", () => {
    expect(licensesOfType("A40")).toBeNull();
  });
});
