import { describe, expect, it } from "vitest";
import { syntaxErrors } from "../../test/unit/shell.js";
import { callersOf, functionAround, guardedLines } from "./guarded-lines.js";
import { judgedLines } from "./judged-lines.js";
import { shellScripts } from "./shell-scripts.js";

const script = `# Removes, if nobody [ holds ] it.
remove() {
  held "$1" && return 1
  rm "$1"
}
if [ -e x ]; then
  remove x || exit 1
fi
both() { remove "$1"; }
`;

describe("the lines of a script that guard something", () => {
  const found = guardedLines(script, (text) => syntaxErrors(text) === "");

  it("are those that can be left out alone, and comments are none", () => {
    expect(found.map(({ number }) => number)).toEqual([3, 7]);
    expect(found[0]?.without.split("\n")[2]).toBe("  :");
  });

  it("are known by the function that they stand in", () => {
    expect([3, 7, 9].map((number) => functionAround(script, number))).toEqual(["remove", undefined, "both"]);
  });

  it("concern all that calls this function, by way of others too", () => {
    expect([...callersOf("remove", script)].sort()).toEqual(["both", "remove"]);
  });
});

describe("the lines that no test can miss", () => {
  it("are there, each once, as they were judged", () => {
    const scripts = shellScripts();
    for (const [script, lines] of Object.entries(judgedLines)) {
      const found = guardedLines(scripts.get(script) ?? "", (text) => syntaxErrors(text) === "");
      for (const line of Object.keys(lines))
        expect(found.filter((one) => one.line === line).length, `${script}: ${line}`).toBe(1);
    }
  });
});
