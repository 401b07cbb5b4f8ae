import { describe, expect, it } from "vitest";
import { findMirrors, parseMirrors } from "./mirrors.js";

describe("parseMirrors", () => {
  it("tells the archive from its security updates, and leaves other indexes and other makers out", () => {
    const answer = [
      "Packages|Docker|Docker CE|http://docker.example/debian/",
      "DEP-11|Debian|Debian|http://other.example/debian/",
      "Packages|Debian|Debian|http://mirror.example/debian/",
      "Packages|Debian|Debian-Security|http://mirror.example/security/",
      "",
    ].join("\n");
    expect(parseMirrors(answer)).toEqual({
      archive: "http://mirror.example/debian/",
      security: "http://mirror.example/security/",
    });
  });

  it("finds none where apt knows only another distribution's", () => {
    expect(parseMirrors("Packages|Ubuntu|Ubuntu|http://mirror.example/ubuntu/\n")).toEqual({});
  });
});

describe("findMirrors", () => {
  it("takes the mirrors of the environment without asking apt", () => {
    const environment = { VGPU_LAB_MIRROR: "http://a.example", VGPU_LAB_SECURITY_MIRROR: "http://s.example" };
    expect(findMirrors(environment)).toEqual({ archive: "http://a.example", security: "http://s.example" });
  });
});
