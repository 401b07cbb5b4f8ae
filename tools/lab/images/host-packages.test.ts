import { describe, expect, it } from "vitest";
import { missingPackages } from "./host-packages.js";

describe("missingPackages", () => {
  it("counts a removed package that left its settings as missing, as one dpkg does not know", () => {
    const answer = "installed zstd\nconfig-files makeself\n";
    expect(missingPackages(["zstd", "makeself", "debootstrap"], answer)).toEqual(["makeself", "debootstrap"]);
  });
});
