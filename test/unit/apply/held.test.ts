import { describe, expect, it } from "vitest";
import { libraryScript } from "../../../provider/apply/boot-unit.js";
import { runShell } from "../shell.js";

/** Asks who uses a device, of a machine on which find does this. */
function heldWhere(find: string): string {
  return runShell(`${libraryScript("host")}\nfind() { ${find}; }\nheld /nowhere; printf '%s|%s' "$?" "$why"`)
    .stdout;
}

describe("the look for who uses a device, just before its removal", () => {
  it("finds nobody where nobody is, also when processes end meanwhile", () => {
    expect(heldWhere("return 0")).toBe("1|");
    const ended = "find: '/proc/77/fd/3': No such file or directory";
    expect(heldWhere(`echo "${ended}" >&2; echo "find: '/proc/78/fd': No such process" >&2; return 1`)).toBe(
      "1|",
    );
  });

  it.each([
    [
      "echo \"find: '/proc/9/fd': Permission denied\" >&2; return 1",
      "1: find: '/proc/9/fd': Permission denied",
    ],
    ["echo 'find: unrecognized: -lname' >&2; return 1", "1: find: unrecognized: -lname"],
    ["return 127", "127"],
    ["return 137", "137"],
  ])("takes a look that could not finish for a use: %s", (find, told) => {
    expect(heldWhere(find)).toBe(`0|who uses it could not be read: find ended with ${told}`);
  });
});
