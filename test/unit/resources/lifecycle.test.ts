import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffByTable, hasUnknown, pick, sameValue } from "../../../provider/resources/lifecycle.js";

describe("hasUnknown", () => {
  it("sees Pulumi's sign for a value that is not known yet, at any depth", () => {
    const { unknownValue } = pulumi.runtime as unknown as { readonly unknownValue: string };
    expect(hasUnknown({ a: [{ b: unknownValue }] })).toBe(true);
    expect(hasUnknown(unknownValue)).toBe(true);
    expect(hasUnknown({ a: [{ b: "known" }], c: null, d: undefined })).toBe(false);
  });
});

describe("pick", () => {
  it("leaves out what is not there", () => {
    expect(pick({ a: 1, b: undefined, c: null, d: 4 }, ["a", "b", "c", "e"])).toEqual({ a: 1, c: null });
  });
});

describe("sameValue", () => {
  it("does not mind the order of keys and properties without value", () => {
    expect(sameValue({ a: 1, b: { c: 2, d: undefined } }, { b: { c: 2 }, a: 1 })).toBe(true);
  });

  it.each<[unknown, unknown]>([
    [1, "1"],
    [null, undefined],
    [null, {}],
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: 1, b: undefined }, { b: 1 }],
    [
      ["a", "b"],
      ["b", "a"],
    ],
    [{ a: undefined }, { b: 1 }],
  ])("tells %j from %j", (a, b) => {
    expect(sameValue(a, b)).toBe(false);
    expect(sameValue(b, a)).toBe(false);
  });

  it("says of every JSON value that it is the same as its copy", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(sameValue(value, JSON.parse(JSON.stringify(value)))).toBe(true);
        expect(sameValue(value, structuredClone(value))).toBe(true);
      }),
    );
  });
});

describe("diffByTable", () => {
  const table = { name: "ignored", uuid: "replace" } as const;

  it("finds no change where nothing differs, and none in what is ignored", () => {
    const same = { changes: false, replaces: [], deleteBeforeReplace: false };
    expect(diffByTable(table, { name: "a", type: "t" }, { type: "t", name: "b" })).toEqual(same);
    expect(diffByTable(table, { __defaults: [1] }, { __provider: "x" })).toEqual(same);
  });

  it("changes in place what the table does not name", () => {
    const changed = { changes: true, replaces: [], deleteBeforeReplace: false };
    expect(diffByTable(table, { type: "t" }, { type: "u" })).toEqual(changed);
    expect(diffByTable(table, {}, { type: "u" })).toEqual(changed);
    expect(diffByTable(table, { type: "t" }, {})).toEqual(changed);
  });

  it("replaces by the table, and deletes the old one first", () => {
    expect(diffByTable(table, { uuid: "1", type: "t" }, { uuid: "2", type: "u" })).toEqual({
      changes: true,
      replaces: ["uuid"],
      deleteBeforeReplace: true,
    });
  });
});
