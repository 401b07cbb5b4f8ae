import { describe, expect, it } from "vitest";
import { imageKeys } from "./build-image.js";
import { recipes } from "./recipes.js";

const versions = ["base-files 12.4", "zstd 1.5.4"];

describe("imageKeys", () => {
  it("are the same while recipe, versions and sources are", () => {
    expect(imageKeys(recipes.bookworm, versions)).toEqual(imageKeys(recipes.bookworm, versions));
  });

  it("differ when a version does: the packed system and the image", () => {
    const before = imageKeys(recipes.bookworm, versions);
    const after = imageKeys(recipes.bookworm, ["base-files 12.5", "zstd 1.5.4"]);
    expect(after.system).not.toBe(before.system);
    expect(after.image).not.toBe(before.image);
  });

  it("differ between releases", () => {
    expect(imageKeys(recipes.trixie, versions).image).not.toBe(imageKeys(recipes.bookworm, versions).image);
  });
});
