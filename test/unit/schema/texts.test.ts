import { describe, expect, it } from "vitest";
import { hostText, lineText, nameText } from "../../../provider/schema/texts.js";

const isTaken = (text: string) => lineText().safeParse(text).success;

describe("a text of one line", () => {
  it.each([
    "\u3164",
    "\u115f",
    "\ufe0f",
    "\ufe0e",
    "\u2800",
    "\u034f",
    "\ue000",
    "\u{e0041}",
    "\u200b",
    "\u202e",
    "\ud800",
  ])("holds no character that is shown as nothing or as anything: %j", (character) => {
    expect([character, `a${character}b`].filter(isTaken)).toEqual([]);
  });

  it("is not blank", () => {
    expect(["", " ", "\u00a0", "\u3000 "].filter(isTaken)).toEqual([]);
  });

  it("is in any language, with any signs", () => {
    const names = ["desk 1", "Werkbank-\u00e4", "\uc6cc\ud06c", "\u673a", "\u2699\ufe0f-1", "e\u0301"];
    expect(names.filter((name) => !isTaken(name))).toEqual([]);
  });
});

describe("a name", () => {
  const isName = (text: string) => nameText().safeParse(text).success;

  it("has no blanks at its ends, and of blanks only spaces", () => {
    const blanks = [" ", "\u00a0", "\u2003", "\u202f", "\u3000", "\u1680"];
    expect(blanks.flatMap((blank) => [`${blank}a`, `a${blank}`, blank]).filter(isName)).toEqual([]);
    expect(blanks.map((blank) => `a${blank}b`).filter(isName)).toEqual(["a b"]);
    expect(["", "a\u200bb", "a\nb", "1\ufe0f"].filter(isName)).toEqual([]);
    expect(["desk 1", "\u2699\ufe0f-1", "\uc6cc\ud06c"].filter(isName)).toHaveLength(3);
  });

  it("of a machine has no blanks at all", () => {
    const isHost = (text: string) => hostText().safeParse(text).success;
    expect([" h", "h ", "a b", "a\u00a0b", "h\n", "", " "].filter(isHost)).toEqual([]);
    expect(["kvm-01.example", "10.0.0.1", "fe80::1%eth0"].filter(isHost)).toHaveLength(3);
  });
});
