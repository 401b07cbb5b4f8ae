import {
  closeSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hostFunctions } from "../../../provider/apply/boot-unit.js";
import { parseFactLines } from "../../../provider/observe/fact-lines.js";
import { parseHostManifest } from "../../../provider/observe/parse-manifest.js";
import { readScript } from "../../../provider/observe/read-script.js";
import { runShell } from "../shell.js";

const real = "manifest=/etc/pulumi-vgpu";
const realAnswers = "answers=/run/pulumi-vgpu";
const one = "11111111-0000-4000-8000-000000000001";
let root: string;
let manifest: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "manifest-"));
  manifest = join(root, "pulumi-vgpu");
});
afterEach(() => rmSync(root, { recursive: true }));

/** A script text whose manifest and answers are in the test's own folder. */
function ours(text: string): string {
  if (!text.includes(real)) throw new Error("the manifest's path is no longer set where it was");
  if (!text.includes(realAnswers)) throw new Error("the answers' path is no longer set where it was");
  return text.replace(real, `manifest='${manifest}'`).replace(realAnswers, `answers='${root}/answers'`);
}

function withFunctions(code: string, args: readonly string[] = [], stdin = "") {
  return runShell(`${ours(hostFunctions())}\n${code}`, args, stdin);
}

function read(path: string): string {
  return readFileSync(join(manifest, path), "utf8");
}

/** What observing the host reads of the test's manifest. */
function observed() {
  const script = readScript("observe/machine.sh");
  const functions = script.slice(0, script.indexOf("kernel=$(uname"));
  const text = `${functions.replaceAll("/etc/pulumi-vgpu", manifest)}\nlook_at_manifest\nfact end host`;
  return parseHostManifest(parseFactLines(runShell(text).stdout, "host", "here"));
}

describe("record", () => {
  it("writes a record whole, makes its folder, and leaves nothing beside it", () => {
    expect(withFunctions('record vgpu/one state=done "name=$1"', ["desk 1"])).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
    expect(read("vgpu/one")).toBe("state=done\nname=desk 1\n");
    expect(readdirSync(join(manifest, "vgpu"))).toEqual(["one"]);
  });

  it.each(["$(id)", "a'b\"c", "back\\slash\\n", "%s%d", "-n", "a=b:c", "ünïcode"])(
    "keeps the value %j",
    (value) => {
      withFunctions(`record vgpu/${one} "name=$1"`, [value]);
      expect(read(`vgpu/${one}`)).toBe(`name=${value}\n`);
      expect(observed().vgpus).toMatchObject([{ uuid: one, name: value }]);
      expect(withFunctions(`field_of vgpu/${one} name; printf %s "$value"`).stdout).toBe(value);
    },
  );

  it.each(["a\nowner=other/stack", "a\tb", "a\u001bb", "a\r"])(
    "refuses the value %j, and leaves the old record",
    (value) => {
      withFunctions(`record vgpu/${one} state=done name=a`);
      const bent = withFunctions(`record vgpu/${one} state=done "name=$1"; printf "%s %s" "$?" "$why"`, [
        value,
      ]);
      expect(bent.stdout).toBe(
        `1 a value of ${manifest}/vgpu/${one} is no single line without control characters`,
      );
      expect(read(`vgpu/${one}`)).toBe("state=done\nname=a\n");
    },
  );

  it("replaces the file, so that who reads it meanwhile reads the old one to its end", () => {
    withFunctions("record driver state=intent version=1");
    const reader = openSync(join(manifest, "driver"), "r");
    withFunctions("record driver state=done version=2");
    const buffer = Buffer.alloc(100);
    const length = readSync(reader, buffer, 0, 100, 0);
    closeSync(reader);
    expect(buffer.toString("utf8", 0, length)).toBe("state=intent\nversion=1\n");
    expect(read("driver")).toBe("state=done\nversion=2\n");
  });

  it("fails and leaves the old record when the new one cannot be written", () => {
    withFunctions("record driver state=intent");
    withFunctions('mkdir "$manifest/driver.new"');
    expect(withFunctions("record driver state=done").code).not.toBe(0);
    expect(read("driver")).toBe("state=intent\n");
  });

  it("fails where a folder has the record's place, and puts nothing into it", () => {
    withFunctions('record host owner=a; mkdir -p "$manifest/driver" "$manifest/vgpu/one"');
    for (const path of ["driver", "vgpu/one"]) {
      expect(withFunctions("record $1 state=intent", [path]).code).not.toBe(0);
      expect(readdirSync(join(manifest, path))).toEqual([]);
    }
  });

  it("opens nothing that lies in the place of the new file", () => {
    const elsewhere = join(root, "elsewhere");
    writeFileSync(elsewhere, "as it was\n");
    withFunctions(
      'record host owner=a; mkfifo "$manifest/driver.new" "$manifest/format.new"; rm "$manifest/format"',
    );
    withFunctions('ln -s "$1" "$manifest/nouveau.new"', [elsewhere]);
    expect(withFunctions("record driver state=intent; record nouveau state=done").code).toBe(0);
    expect([read("format"), read("driver"), read("nouveau")]).toEqual([
      "format=2\n",
      "state=intent\n",
      "state=done\n",
    ]);
    expect(readFileSync(elsewhere, "utf8")).toBe("as it was\n");
    expect(lstatSync(join(manifest, "nouveau")).isFile()).toBe(true);
  });
});

describe("forget", () => {
  it("removes a record, what a crash left of it, and folders that are empty then", () => {
    withFunctions("record vgpu/one state=done; record vgpu/two state=done; record host owner=a");
    writeFileSync(join(manifest, "vgpu/one.new"), "state=");
    withFunctions("forget vgpu/one");
    expect(readdirSync(join(manifest, "vgpu"))).toEqual(["two"]);
    withFunctions("forget vgpu/two");
    expect(readdirSync(manifest)).toEqual(["format", "host"]);
    withFunctions("forget host");
    expect(existsSync(manifest)).toBe(false);
  });

  it("succeeds when there is nothing to forget", () => {
    expect(withFunctions("forget vgpu/none").code).toBe(0);
  });

  it("fails where the record is still there after it, and leaves the format beside it", () => {
    withFunctions('record host owner=a; forget host; mkdir -p "$manifest/host"; record driver state=done');
    withFunctions('rm "$manifest/driver"');
    const failed = withFunctions("forget host");
    expect([failed.code, failed.stderr]).toEqual([1, `${manifest}/host is a folder, and no record\n`]);
    expect(read("format")).toBe("format=2\n");
    const stays = 'rm() { case $* in *host*) return 1 ;; esac; command rm "$@"; }';
    withFunctions('rmdir "$manifest/host"; record host owner=a');
    expect(withFunctions(`${stays}\nforget host`).code).toBe(1);
  });
});

describe("field_of", () => {
  it("reads the field of that very name, and nothing of a record that is not there", () => {
    withFunctions("record gpu/a vfs=16 vfsx=7 xvfs=8");
    expect(withFunctions('field_of gpu/a vfs; printf "[%s]" "$value"').stdout).toBe("[16]");
    expect(withFunctions('field_of gpu/b vfs; printf "[%s]" "$value"').stdout).toBe("[]");
  });

  it("reads nothing of a value with a NUL, which the shell would leave out", () => {
    withFunctions("record host owner=a");
    writeFileSync(join(manifest, "host"), "owner=a\0/b/c\n");
    expect(withFunctions('field_of host owner; printf "[%s]" "$value"').stdout).toBe("[]");
  });

  it("is not held up by a FIFO, nor is a line of a file", () => {
    withFunctions('mkdir -p "$manifest"; mkfifo "$manifest/host"');
    const code =
      'field_of host owner; printf "[%s]" "$value"; line_of "$manifest/host"; printf "%s[%s]" "$?" "$value"';
    expect(withFunctions(code).stdout).toBe("[]1[]");
    withFunctions('rm "$manifest/host"; mkfifo "$manifest/format"');
    expect(withFunctions("true")).toMatchObject({
      code: 1,
      stderr: `the records below ${manifest} are of a newer pulumi-vgpu (); this one knows formats up to 2\n`,
    });
  });
});

describe("line_of", () => {
  const lineOf = (path: string) =>
    withFunctions('if line_of "$1"; then printf "[%s]" "$value"; else printf unread; fi', [path]).stdout;

  it("reads the first line, and nothing where there is none", () => {
    writeFileSync(join(root, "lines"), "one\ntwo\n");
    writeFileSync(join(root, "no-end"), "one");
    expect(lineOf(join(root, "lines"))).toBe("[one]");
    expect(lineOf(join(root, "no-end"))).toBe("[one]");
    expect(lineOf(join(root, "no-such-file"))).toBe("[]");
    expect(lineOf("/dev/null")).toBe("unread");
  });

  it("fails where the file is there and cannot be read", () => {
    expect(lineOf("/proc/self/mem")).toBe("unread");
    expect(lineOf("/proc/self")).toBe("unread");
  });
});

describe("a record that somebody bent", () => {
  it("has no value for a key that is there twice, for whoever reads it", () => {
    withFunctions(`record vgpu/${one} owner=shop/dev name=a`);
    writeFileSync(
      join(manifest, "vgpu", one),
      "owner=shop/dev\nname=a\nowner=other/stack\nparent=x\u001by\n",
    );
    expect(withFunctions(`field_of vgpu/${one} owner; printf "[%s]" "$value"`).stdout).toBe("[]");
    expect(withFunctions(`field_of vgpu/${one} parent; printf "[%s]" "$value"`).stdout).toBe("[]");
    expect(observed().vgpus).toMatchObject([{ uuid: one, owner: "", name: "a", parent: "" }]);
  });

  it("has no value with a line end of Unicode's: nothing that is more than one line is sent back", () => {
    withFunctions(`record vgpu/${one} owner=a "name=$1" "parent=$2"`, ["n\u2029m", "a\u2028b"]);
    expect(observed().vgpus).toMatchObject([{ uuid: one, owner: "a", name: "", parent: "" }]);
  });

  it("is none of a vGPU where its name is dashes alone", () => {
    withFunctions('record "vgpu/$1" owner=a', ["-".repeat(36)]);
    expect(observed().vgpus).toEqual([]);
  });

  it("is none of a vGPU or a GPU where its file bears no UUID or address", () => {
    withFunctions('record vgpu/one owner=a; record "vgpu/x:owner=shop/dev" owner=b; record gpu/card vfs=4');
    expect(observed()).toMatchObject({ vgpus: [], gpus: {} });
  });
});

describe("the manifest as it is observed", () => {
  it("leaves out what a crash left half-written", () => {
    withFunctions("record host owner=shop/dev/gpu-01 nouveau=loaded; record gpu/0000:3b:00.0 vfs=16");
    writeFileSync(join(manifest, "driver.new"), "state=done\nversion=1\n");
    expect(observed()).toMatchObject({
      owner: "shop/dev/gpu-01",
      nouveauFound: true,
      driver: null,
      gpus: { "0000:3b:00.0": { vfs: 16 } },
    });
  });
});

describe("until_true", () => {
  it("tries until the command succeeds, and gives up after its tenths of a second", () => {
    const count = `${root}/count`;
    const code = `try() { echo x >> ${count}; [ "$(wc -l < ${count})" -ge "$1" ]; }`;
    expect(withFunctions(`${code}\nuntil_true 50 try 3`).code).toBe(0);
    expect(readFileSync(count, "utf8")).toBe("x\nx\nx\n");
    expect(withFunctions("until_true 2 false").code).toBe(1);
  });
});

describe("write_attribute", () => {
  it("writes the text and names what the kernel refuses", () => {
    writeFileSync(join(root, "attribute"), "");
    expect(withFunctions('write_attribute "$1" "a b"', [join(root, "attribute")]).code).toBe(0);
    expect(readFileSync(join(root, "attribute"), "utf8")).toBe("a b\n");
    const full = withFunctions('write_attribute /dev/full 1; code=$?; printf "%s %s" "$code" "$why"');
    expect(full.stdout).toMatch(/^1 .*No space left on device/s);
  });

  it("leaves a write behind that nobody answers, says so, and goes on without it", () => {
    // Who opens a FIFO to write waits for a reader, as a removal in use waits for a VM.
    const code = 'mkfifo "$1"; write_attribute "$1" 1 1; printf "%s|%s|%s" "$?" "$waits" "$why"';
    const { stdout } = withFunctions(`${code}; cat "$1" > /dev/null`, [join(root, "fifo")]);
    expect(stdout).toBe(`1|${root}/fifo|the kernel has not answered the write to ${root}/fifo yet`);
  });

  it("leaves no file behind where the kernel answers", () => {
    withFunctions('write_attribute "$1" x; write_attribute /dev/full x', [join(root, "attribute")]);
    expect(readdirSync(join(root, "answers"))).toEqual([]);
  });
});
