import { statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cacheKey, labCache, labOwner } from "./cache.js";

describe("labCache", () => {
  it("lies below XDG_CACHE_HOME", () => {
    expect(labCache({ XDG_CACHE_HOME: "/fast" })).toBe("/fast/pulumi-vgpu/lab");
  });

  it("takes no notice of a relative XDG_CACHE_HOME", () => {
    expect(labCache({ XDG_CACHE_HOME: "fast" })).toMatch(/\/\.cache\/pulumi-vgpu\/lab$/);
  });
});

describe("labOwner", () => {
  it("is whose folder the cache will be made in", () => {
    const { uid, gid } = statSync("/");
    expect(labOwner({ XDG_CACHE_HOME: "/no/such/folder" })).toEqual({ uid, gid });
  });
});

describe("cacheKey", () => {
  it("is the same for the same parts", () => {
    expect(cacheKey(["a", Buffer.from("b")])).toBe(cacheKey(["a", "b"]));
  });

  it("differs when a part, their order or their borders differ", () => {
    const keys = [["ab", "c"], ["a", "bc"], ["c", "ab"], ["abc"], ["ab", "c", ""]].map(cacheKey);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
