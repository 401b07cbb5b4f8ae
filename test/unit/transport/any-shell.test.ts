import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyShell } from "../../../provider/transport/command/any-shell.js";

const boot = 'exec /bin/sh -c "$(printf %b "$@")" "$0"';
const shells = ["/bin/sh", "/bin/bash", "/usr/bin/zsh", "/bin/tcsh", "/usr/bin/fish"];
const here = shells.filter((shell) => spawnSync(shell, ["-c", "true"]).status === 0);
const program = fc
  .oneof(
    fc.string({ unit: "binary", maxLength: 3000 }),
    fc.string({
      unit: fc.constantFrom("'", "\\", "!", "\n", "\\n", "\\0", "$(", "`", "%", "ü", " ", "1"),
      maxLength: 1500,
    }),
  )
  .filter((text) => !text.includes("\0") && Buffer.from(text).toString() === text && !text.endsWith("\n"));

describe("a command for any login shell", () => {
  it("gives /bin/sh back any text, whatever shell runs the command", () => {
    fc.assert(
      fc.property(program, fc.constantFrom(...here), (text, shell) => {
        const said = `cat <<'vgpu-end-of-text'\n${text}\nvgpu-end-of-text\nprintf %s "$0"`;
        const ran = spawnSync(shell, ["-c", anyShell(boot, "pulumi-vgpu:try", said)], { encoding: "utf8" });
        expect({ shell, out: ran.stdout, err: ran.stderr }).toEqual({
          shell,
          out: `${text}\npulumi-vgpu:try`,
          err: "",
        });
      }),
      { numRuns: 40 },
    );
  });

  it("has in its quotes nothing that csh, fish or rc would read in another way, and no long word", () => {
    fc.assert(
      fc.property(program, (text) => {
        const line = anyShell(boot, "name", text).slice(`exec /bin/sh -c '${boot}' name `.length);
        expect(line).toMatch(/^'[^'\n!]*'(?: '[^'\n!]*')*$/);
        for (const word of line.slice(1, -1).split("' '")) {
          expect(word.length).toBeLessThanOrEqual(1000);
          expect(word).not.toMatch(/\\(?:\\|$)/);
        }
      }),
    );
  });

  it("refuses what no shell can be given", () => {
    expect(() => anyShell(boot, "name", "a\0b")).toThrow("a NUL character cannot be passed to a shell");
  });
});
