import { describe, expect, it } from "vitest";
import {
  boardFamilies,
  boardReference,
  boards,
  findBoard,
  possibleBoards,
  subsystemsOf,
} from "../../../provider/catalog/boards.js";
import { sources } from "../../../provider/catalog/sources.js";

const codes = new Set(sources().map((source) => source.code));

describe("boards", () => {
  it("each have ids, a name and known sources", () => {
    for (const board of boards()) {
      expect(board.deviceId, board.name).toMatch(/^10de:[0-9a-f]{4}$/);
      expect(board.subsystemId ?? "10de:0001", board.name).toMatch(/^10de:[0-9a-f]{4}$/);
      expect(board.name).not.toBe("");
      expect(board.sources.length, board.name).toBeGreaterThan(0);
      for (const code of board.sources) expect(codes).toContain(code);
      expect(findBoard(board)).toBe(board);
    }
  });

  it("has each pair of ids once", () => {
    expect(new Set(boards().map(boardReference)).size).toBe(boards().length);
  });
});

describe("findBoard", () => {
  it.each([
    ["10de:25b6", "10de:14a9", "NVIDIA A16"],
    ["10de:25b6", "10de:157e", "NVIDIA A2"],
    ["10de:25b6", "10de:159d", "NVIDIA A2"],
    ["10de:1e30", "10de:12ba", "Quadro RTX 6000"],
    ["10de:1e30", "10de:129e", "Quadro RTX 8000"],
    ["10de:1eb8", "10de:12a2", "Tesla T4"],
    ["0x10de:0x2235", "0x10de:0x145A", "NVIDIA A40"],
    ["26B9", "1851", "NVIDIA L40S"],
    [" 10de:25b6\n", " 14a9 ", "NVIDIA A16"],
  ])("knows %s with subsystem %s as %s", (deviceId, subsystemId, name) => {
    expect(findBoard({ deviceId, subsystemId })?.name).toBe(name);
  });

  it("goes by the device alone when no subsystem is known and the device is one board", () => {
    expect(findBoard({ deviceId: "10de:13bd" })?.name).toBe("Tesla M10");
    expect(findBoard({ deviceId: "10de:26b9", subsystemId: null })?.name).toBe("NVIDIA L40S");
  });

  it("does not guess between an A16 and an A2", () => {
    expect(findBoard({ deviceId: "10de:25b6" })).toBeNull();
    expect(findBoard({ deviceId: "10de:25b6", subsystemId: "10de:0000" })).toBeNull();
    expect(findBoard({ deviceId: "10de:25b6", subsystemId: "10de:ffff" })).toBeNull();
  });

  it("takes a known device with another subsystem for another board when all its rows name one", () => {
    expect(findBoard({ deviceId: "10de:13bd", subsystemId: "10de:110a" })).toBeNull();
  });

  it("does not know a device without a row, or of another vendor", () => {
    expect(findBoard({ deviceId: "10de:ffff", subsystemId: "10de:0001" })).toBeNull();
    expect(findBoard({ deviceId: "8086:2235" })).toBeNull();
  });
});

describe("boardFamilies", () => {
  it("is what names of the board's types begin with", () => {
    const board = findBoard({ deviceId: "10de:2bb5" });
    expect(board === null ? [] : boardFamilies(board)).toEqual(["dc"]);
  });
});

describe("possibleBoards", () => {
  const namesOf = (deviceId: string, subsystemId?: string) =>
    possibleBoards({ deviceId, subsystemId }).map(({ name }) => name);

  it("is the one that the ids name, else all of the device: a server's maker may have given a subsystem of its own", () => {
    expect(namesOf("10de:25b6", "10de:14a9")).toEqual(["NVIDIA A16"]);
    expect(namesOf("0x25B6", "1028:0001")).toEqual(["NVIDIA A16", "NVIDIA A2", "NVIDIA A2"]);
    expect(namesOf("10de:2235", "1028:0001")).toEqual(["NVIDIA A40"]);
    expect(namesOf("10de:ffff")).toEqual([]);
  });
});

describe("boardReference", () => {
  it.each([
    ["10de:2235", undefined, "10de:2235"],
    ["10de:25b6", "10de:14a9", "10de:25b6 sub 10de:14a9"],
  ])("of %s with subsystem %s is %s", (deviceId, subsystemId, reference) => {
    expect(possibleBoards({ deviceId, subsystemId }).map(boardReference)).toEqual([reference]);
  });
});

describe("subsystemsOf", () => {
  it.each(["10de:25b6", "25b6", "0x25B6"])("are those of all boards of %s", (deviceId) => {
    expect(subsystemsOf(deviceId)).toEqual(["10de:14a9", "10de:159d", "10de:157e"]);
  });

  it.each([
    ["10de:2235", "a device whose board needs no subsystem"],
    ["10de:ffff", "a device that is not known"],
    ["1028:25b6", "another vendor's"],
  ])("are not known of %s: %s", (deviceId) => {
    expect(subsystemsOf(deviceId)).toBeNull();
  });
});
