import { describe, expect, it } from "vitest";
import { lineText } from "../../../provider/schema/texts.js";

const isTaken = (text: string) => lineText().safeParse(text).success;

describe("a text of one line", () => {
  it.each(["\u3164", "\u115f", "\u2800", "\u034f", "\ue000", "\u{e0041}", "\u200b", "\u202e", "\ud800"])(
    "holds no character that is shown as nothing or as anything: %j",
    (character) => {
      expect([character, `a${character}b`].filter(isTaken)).toEqual([]);
    },
  );

  it("is not blank", () => {
    expect(["", " ", "\u00a0", "\u3000 "].filter(isTaken)).toEqual([]);
  });

  it("is in any language, with any signs", () => {
    const names = ["desk 1", "Werkbank-\u00e4", "\uc6cc\ud06c", "\u673a", "\u2699\ufe0f-1", "e\u0301"];
    expect(names.filter((name) => !isTaken(name))).toEqual([]);
  });
});
