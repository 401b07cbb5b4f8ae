import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseGuestFacts } from "../../../provider/observe/observe-guest.js";
import { parseHostFacts } from "../../../provider/observe/observe-host.js";
import { readScript } from "../../../provider/observe/read-script.js";
import { knowsFormat } from "../../../provider/plan/identity/record-format.js";
import { captureText } from "../captures.js";
import { runShell } from "../shell.js";

const where = "root@kvm-02:22";
const uuid = "11111111-0000-4000-8000-000000000001";
const claim = "owner=other/stack/h\nnouveau=absent\n";
let manifest: string;

beforeEach(() => {
  manifest = mkdtempSync(join(tmpdir(), "bent-"));
});
afterEach(() => rmSync(manifest, { recursive: true }));

function put(files: Readonly<Record<string, string | Buffer>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(manifest, name)), { recursive: true });
    writeFileSync(join(manifest, name), text);
  }
}

/** What a look at a machine with these records gives; `locale` is that of the login. */
function look(side: "host" | "guest", locale = "C.UTF-8") {
  const functions = readScript("observe/machine.sh").split("kernel=$(uname")[0] ?? "";
  const text = `${functions}\nlook_at_manifest\n`.replaceAll("/etc/pulumi-vgpu", manifest);
  const seen = runShell(`LC_ALL=${locale}; export LC_ALL\n${text}`).stdout.replaceAll(
    manifest,
    "/etc/pulumi-vgpu",
  );
  const rest = (capture: string) => captureText(capture).replace(/^manifest\t.*\n/gm, "");
  return side === "host"
    ? parseHostFacts(seen + rest("observe-host.legacy.txt"), where)
    : parseGuestFacts(seen + rest("observe-guest.licensed.txt"), where);
}

const refusal = (saw: string) => `VGPU_PREREQUISITE ${where}: cannot understand what is noted on the machine
Saw: ${saw}
Expected: records as they were written
Next: look at that file on the machine: a damaged disk, or something put there by hand; put it back as it was, or, if what it notes is gone for good, remove it; then run again`;
const bent = (path: string) =>
  refusal(`not every line of /etc/pulumi-vgpu/${path} is key=value, or it is empty`);

describe("a claim that cannot be read", () => {
  it.each<[string, string | Buffer]>([
    ["has a NUL behind it", `${claim}\0`],
    ["is all NULs", "\0".repeat(40)],
    ["is empty", ""],
    ["begins with a byte order mark", `\ufeff${claim}`],
    ["begins with a blank", ` ${claim}`],
    ["has line ends of another system", claim.replaceAll("\n", "\r\n")],
    ["has a line that is no field", `${claim}<<<<<<< mine\n`],
  ])("refuses the look: it %s", (_what, text) => {
    for (const side of ["host", "guest"] as const) {
      put({ format: "format=2\n", [side]: text });
      for (const locale of ["C", "C.UTF-8"]) expect(() => look(side, locale)).toThrow(bent(side));
      rmSync(join(manifest, side));
    }
  });

  it.each([`${claim}owner=shop/dev/gpu-01\n`, "nouveau=absent\n", "owner=\n"])(
    "refuses the look where it has not exactly one owner: %j",
    (text) => {
      for (const side of ["host", "guest"] as const) {
        put({ [side]: text });
        expect(() => look(side)).toThrow(refusal(`/etc/pulumi-vgpu/${side} has not exactly one owner`));
        rmSync(join(manifest, side));
      }
    },
  );
});

describe("any record", () => {
  it.each(["driver", "nouveau", "gridd", "gpu/0000:3b:00.0", `vgpu/${uuid}`])(
    "refuses the look where it is bent: %s",
    (path) => {
      for (const text of ["state=done\n\0", "", "state done\n"]) {
        put({ [path]: text });
        expect(() => look("host")).toThrow(bent(path));
      }
    },
  );

  it.each(["driver", `vgpu/${uuid}`, "host", "format", "driver.new"])(
    "refuses the look where a folder has its place: %s",
    (path) => {
      mkdirSync(join(manifest, path), { recursive: true });
      expect(() => look("host")).toThrow(
        `Saw: a folder in the place of a record: /etc/pulumi-vgpu/${path} (/etc/pulumi-vgpu)`,
      );
    },
  );

  it("is read with any letters, and without the last line end; files of other names do not matter", () => {
    const name = Buffer.from("owner=shop/dev\nname=ünï\xe9", "latin1");
    put({ host: claim, [`vgpu/${uuid}`]: name, "notes.txt": "ask Eva\n", "driver.new": "\0" });
    for (const locale of ["C", "C.UTF-8"]) {
      const { manifest: noted } = look("host", locale);
      expect(noted).toMatchObject({ owner: "other/stack/h", vgpus: [{ uuid, owner: "shop/dev" }] });
    }
  });
});

describe("the format of the records", () => {
  it.each(["", "format=3\n\0", "\ufeffformat=3\n", "format = 3\n", "format=2\nformat=3\n", "other=2\n"])(
    "refuses the look where it is there and cannot be read: %j",
    (text) => {
      put({ format: text, host: claim });
      expect(() => look("host")).toThrow(refusal("/etc/pulumi-vgpu/format is not the number of a format"));
    },
  );

  it("of a newer version is told as that, whatever its records look like", () => {
    put({ format: "format=3\n", host: "{}\n" });
    expect(knowsFormat(look("host"))).toBe(false);
  });
});

describe("the records of another version", () => {
  it("are read as they are: those of format 1, which has no number", () => {
    put({ host: "owner=shop/dev/gpu-01\nnouveau=loaded\n", driver: "state=done\nversion=1\nboot=b\n" });
    expect(look("host").manifest).toMatchObject({ format: "1", owner: "shop/dev/gpu-01" });
  });
});
