import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { restoreScript } from "../../../provider/apply/boot-unit.js";
import { changingScript } from "../../../provider/apply/machine.js";
import { runShell } from "../shell.js";

let root: string;
let manifest: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "records-"));
  manifest = join(root, "etc/pulumi-vgpu");
  for (const path of ["etc/modprobe.d", "var/lib/pulumi-vgpu", "run/pulumi-vgpu/jobs"])
    mkdirSync(join(root, path), { recursive: true });
  mkdirSync(join(root, "bin"));
  writeFileSync(join(root, "bin/update-initramfs"), "#!/bin/sh\n", { mode: 0o755 });
});
afterEach(() => rmSync(root, { recursive: true }));

/** Runs a script whose paths are in the test's own folder. */
function run(text: string, args: readonly string[] = []) {
  const inRoot = text.replace(
    /(?<![\w/$}])\/(etc|var|run)\/(pulumi-vgpu|lib\/pulumi-vgpu|modprobe)/g,
    `${root}/$1/$2`,
  );
  return runShell(inRoot, args);
}

function script(name: string, side: "host" | "guest", args: readonly string[] = []) {
  return run(`PATH=${root}/bin:$PATH\n${changingScript(name, side)}`, args);
}

function put(files: Readonly<Record<string, string>>): void {
  mkdirSync(manifest, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(manifest, name), text);
}

const names = () => (existsSync(manifest) ? readdirSync(manifest).sort() : []);

describe("the format of the records", () => {
  it("is written with the first record, and goes with the last", () => {
    expect(script("claim", "guest", ["guest", "shop/dev/desk-1", "absent"]).code).toBe(0);
    expect(names()).toEqual(["format", "guest"]);
    expect(readFileSync(join(manifest, "format"), "utf8")).toBe("format=2\n");
    expect(script("release", "guest", ["guest"]).code).toBe(0);
    expect(existsSync(manifest)).toBe(false);
  });

  it.each(["format=3", "format=99", "format=", "format=2x", "garbage", ""])(
    "keeps every changing script, and the boot unit, from doing anything where it is %j",
    (format) => {
      put({ format: `${format}\n`, host: "owner=a\n", driver: "state=done\n" });
      const before = names().map((name) => readFileSync(join(manifest, name), "utf8"));
      for (const [name, side] of [
        ["release", "host"],
        ["claim", "guest"],
        ["unblock-nouveau", "guest"],
        ["vgpus", "host"],
      ] as const)
        expect(script(name, side, ["host", "b"])).toMatchObject({
          code: 1,
          stdout: "",
          stderr: `the records below ${manifest} are of a newer pulumi-vgpu (${format}); this one knows formats up to 2\n`,
        });
      expect(run(restoreScript()).code).toBe(1);
      expect(names().map((name) => readFileSync(join(manifest, name), "utf8"))).toEqual(before);
      expect(existsSync(join(root, "var/lib/pulumi-vgpu"))).toBe(true);
    },
  );
});

describe("the records of a guest", () => {
  const old = { driver: "state=done\nversion=1\n", nouveau: "state=done\n" };

  it("that the first version wrote get names of their own with the first change", () => {
    put({ guest: "owner=g\n", ...old });
    expect(
      run(`${changingScript("claim", "guest")}\nfield_of driver version; echo "$value"`, [
        "guest",
        "g",
        "absent",
      ]).stdout,
    ).toBe("1\n");
    expect(names()).toEqual(["format", "guest", "guest-driver", "guest-nouveau"]);
  });

  it("are not taken from a host's", () => {
    put({ guest: "owner=g\n", host: "owner=h\n", ...old });
    expect(script("release", "guest", ["guest"]).code).toBe(0);
    expect(names()).toEqual(["driver", "format", "host", "nouveau"]);
    put({ format: "format=2\n", guest: "owner=g\n" });
    rmSync(join(manifest, "host"));
    expect(script("release", "guest", ["guest"]).code).toBe(0);
    expect(names()).toEqual(["driver", "format", "nouveau"]);
  });

  it("go alone where the machine was taken for a host, too: uploads, its records and its block stay", () => {
    const block = join(root, "etc/modprobe.d/pulumi-vgpu-nouveau.conf");
    writeFileSync(block, "blacklist nouveau\n");
    put({ format: "format=2\n", guest: "owner=g\n", host: "owner=h\n", ...old });
    put({ "guest-driver": "state=done\n", "guest-nouveau": "state=done\n" });
    expect(script("unblock-nouveau", "guest").code).toBe(0);
    expect(existsSync(block)).toBe(true);
    expect(script("release", "guest", ["guest"]).code).toBe(0);
    expect(names()).toEqual(["driver", "format", "host", "nouveau"]);
    expect(existsSync(join(root, "var/lib/pulumi-vgpu"))).toBe(true);
    expect(script("unblock-nouveau", "host").code).toBe(0);
    expect(existsSync(block)).toBe(false);
    expect(script("release", "host", ["host"]).code).toBe(0);
    expect([names(), existsSync(join(root, "var/lib/pulumi-vgpu"))]).toEqual([[], false]);
  });
});

describe("the boot unit", () => {
  const gpu = "0000:ff:1f.7";
  const boot = () => {
    const manage = join(root, "bin/sriov-manage");
    writeFileSync(manage, `#!/bin/sh\necho "$@" >> ${root}/asked\n`, { mode: 0o755 });
    const text = restoreScript().replace("/usr/lib/nvidia/sriov-manage", manage);
    const quick = text.replace("until_true 900 carries_vgpus", "until_true 1 carries_vgpus");
    if (quick === text || !quick.includes('is_gpu "$gpu"'))
      throw new Error("the wait for virtual functions is no longer written so");
    const { stderr } = run(quick.replace('is_gpu "$gpu"', "true"));
    return { stderr, asked: existsSync(join(root, "asked")) };
  };

  it("turns virtual functions on for who has the host, and for nobody where nobody does", () => {
    mkdirSync(join(manifest, "gpu"), { recursive: true });
    put({ [`gpu/${gpu}`]: "vfs=4\n" });
    for (const owner of [undefined, "owner=a\0/b/c\n", "owner=a/b/c\nowner=d/e/f\n", "owner=a\n"]) {
      if (owner !== undefined) put({ host: owner });
      expect(boot()).toEqual({
        stderr: `pulumi-vgpu: virtual functions of ${gpu}: left off, nobody has this host\n`,
        asked: false,
      });
    }
    put({ host: "owner=a/b/c\n" });
    expect(boot().asked).toBe(true);
  });
});
