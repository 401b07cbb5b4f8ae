import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { applyVgpuSteps, operationList, type SingleVgpuStep } from "../../../provider/apply/apply-vgpus.js";
import { hostFunctions } from "../../../provider/apply/boot-unit.js";
import { changingScript, type Machine } from "../../../provider/apply/machine.js";
import { runShell } from "../shell.js";

const one = "11111111-0000-4000-8000-000000000001";
const two = "11111111-0000-4000-8000-000000000002";
let root: string;
let manifest: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "vgpus-"));
  manifest = join(root, "pulumi-vgpu");
});
afterEach(() => rmSync(root, { recursive: true }));

/** A script text whose manifest is in the test's own folder. */
function ours(text: string): string {
  return text.replace("manifest=/etc/pulumi-vgpu", `manifest='${manifest}'`);
}

function withFunctions(code: string, args: readonly string[] = []) {
  return runShell(`${ours(hostFunctions())}\n${code}`, args);
}

function read(path: string): string {
  return readFileSync(join(manifest, path), "utf8");
}

describe("the forms of values", () => {
  const ok = (check: string, ...values: string[]) =>
    values.filter((value) => withFunctions(`${check} "$@"`, value.split("|")).code === 0);

  it("take what names a vGPU and its place, and no path of any kind", () => {
    const uuid = "0a1b2c3d-0000-4000-8000-00000000000f";
    expect(ok("is_uuid", uuid, uuid.toUpperCase(), `${uuid}/`, "../../..", "", `${uuid}0`)).toEqual([uuid]);
    const dashes = ["-".repeat(36), uuid.replace("0a", "0-"), uuid.replace("0f", "-f")];
    expect(ok("is_uuid", ...dashes)).toEqual([]);
    expect(
      ok(
        "is_address",
        "0000:3b:00.0",
        "00000001:c8:00.7",
        "../../../etc",
        "0000:3b:00.8",
        "0000:3b:00.0/x",
        "",
      ),
    ).toEqual(["0000:3b:00.0", "00000001:c8:00.7"]);
    const names = ["mtty", "i915-GVTg_V5_4", "0000:00:02.0", "a+b@c!d"];
    expect(
      ok("is_name", ...names, ".", "..", "a/b", "a b", "a\nb", "*", "a[b", "a?", "\\x", "é", ""),
    ).toEqual(names);
    expect(ok("is_text", "NVIDIA A40-8Q", "ünï", "a\tb", "a\nb", "a\u007f", "")).toEqual([
      "NVIDIA A40-8Q",
      "ünï",
    ]);
    expect(ok("is_number", "0", "1152", "-1", "1e3", "12345678901", "")).toEqual(["0", "1152"]);
    expect(
      ok(
        "is_place",
        "vendor-vfio|0000:3b:00.4",
        "mdev-on-parent|mtty",
        "vendor-vfio|mtty",
        "mdev-on-parent|..",
        "|x",
      ),
    ).toEqual(["vendor-vfio|0000:3b:00.4", "mdev-on-parent|mtty"]);
    expect(ok("is_type", "mdev-on-pf|GRID T4-4Q", "mdev-on-parent|mtty-2", "mdev-on-parent|../x")).toEqual([
      "mdev-on-pf|GRID T4-4Q",
      "mdev-on-parent|mtty-2",
    ]);
  });
});

describe("a function whose type cannot be read", () => {
  const removal = (file: string) => {
    const device = join(root, "0000:ff:1f.7");
    const code = `${hostFunctions()}\nmkdir -p ${device}/nvidia && ${file}
if remove_vendor 0000:ff:1f.7; then printf gone; else printf '%s' "$why"; fi`;
    return runShell(ours(code).replaceAll("/sys/bus/pci/devices", root)).stdout;
  };
  const place = "nvidia/current_vgpu_type";

  it("does not count as one without a vGPU when that is removed", () => {
    const attribute = () => join(root, "0000:ff:1f.7", place);
    const unread = `whether 0000:ff:1f.7 carries a vGPU could not be read: ${attribute()}`;
    expect(removal(`ln -s /proc/self/mem ${attribute()}`)).toBe(unread);
    expect(removal(`ln -sf /proc/self ${attribute()}`)).toBe(unread);
    expect(removal(`ln -sfn /proc/self/no-such-file ${attribute()}`)).toBe("gone");
    expect(removal(`rm ${attribute()} && echo 0 > ${attribute()}`)).toBe("gone");
  });
});

describe("vgpus.sh", () => {
  const fieldsOf = (verb: string, uuid: string) => [
    ...[verb, uuid, "mdev-on-pf", "0000:ff:1f.7", "0000:ff:1f.7", "GRID RTX8000-8Q", "-"],
    ...["shop/dev", "desk 1", "yes"],
  ];
  const line = (verb: string, uuid: string) => `${fieldsOf(verb, uuid).join("\t")}\n`;
  const listOf = (...lines: string[]) => `operations\t${lines.length}\n${lines.join("")}`;
  const run = (list: string) => runShell(ours(changingScript("vgpus", "host")), [], list);

  it("records and forgets, and tells each operation", () => {
    const result = run(listOf(line("record", one), line("record", two), line("forget", one)));
    expect(result.stdout).toBe(`done\trecord\t${one}\t\ndone\trecord\t${two}\t\ndone\tforget\t${one}\t\n`);
    expect(result.code).toBe(0);
    expect(existsSync(join(manifest, "vgpu", one))).toBe(false);
    expect(read(`vgpu/${two}`)).toBe(
      "state=done\nowner=shop/dev\nname=desk 1\ninterface=mdev-on-pf\ngpu=0000:ff:1f.7\nparent=0000:ff:1f.7\ntype=GRID RTX8000-8Q\nkeep=yes\nadopted=yes\n",
    );
  });

  it("stops at the first failure with its reason, and leaves no note of what was not begun", () => {
    const result = run(listOf(line("make", one), line("record", two)));
    expect(result.stdout).toBe(`failed\tmake\t${one}\t0000:ff:1f.7 offers no type named GRID RTX8000-8Q\n`);
    expect(result.code).toBe(1);
    expect(existsSync(join(manifest, "vgpu"))).toBe(false);
  });

  it("retires what is gone already, and its record", () => {
    withFunctions(`record vgpu/${one} state=done`);
    expect(run(listOf(line("retire", one)))).toMatchObject({ code: 0, stdout: `done\tretire\t${one}\t\n` });
    expect(existsSync(manifest)).toBe(false);
  });

  it("takes what the steps of a plan are sent as", () => {
    const { carrier, parent } = { carrier: "0000:ff:1f.7", parent: "0000:ff:1f.7" };
    const vgpu = { uuid: one, vgpuInterface: "mdev-on-pf", carrier, parent, typeName: "GRID T4-4Q" } as const;
    const whole = { ...vgpu, vgpuTypeId: 222, owner: "shop/dev", name: "dësk 1", keep: false };
    const base = { target: "gpu-01 desk", cause: "c", disruption: "none" } as const;
    const sent = operationList([
      { kind: "record-vgpu", vgpu: whole, ...base },
      {
        kind: "forget-vgpu",
        vgpu: { ...whole, name: "bent\nname", typeName: "", carrier: "a\nb", parent: "a\u2028b" },
        ...base,
      },
    ]);
    expect(run(sent)).toMatchObject({ code: 0, stdout: `done\trecord\t${one}\t\ndone\tforget\t${one}\t\n` });
  });

  const changed = (at: number, value: string) => {
    const fields = fieldsOf("record", two);
    fields[at] = value;
    return `${fields.join("\t")}\n`;
  };
  const bent: Readonly<Record<string, string>> = {
    "no number of operations": line("record", two),
    "fewer operations than announced": `operations\t3\n${line("forget", one)}${line("record", two)}`,
    "more operations than announced": `operations\t1\n${line("forget", one)}${line("record", two)}`,
    "a name that is an operation of its own": `operations\t2\n${line("forget", one)}${changed(8, `x\tno\n${line("retire", one).trimEnd()}`)}`,
    "a field too many": listOf(line("forget", one), changed(8, "a\tb")),
    "an empty field": listOf(line("forget", one), changed(8, "")),
    "a verb of nobody": listOf(line("forget", one), changed(0, "remove")),
    "a UUID that is a path": listOf(line("forget", one), changed(1, "../../../../../../../etc/passwd-0000")),
    "an interface of nobody": listOf(line("forget", one), changed(2, "mdev")),
    "a GPU that is a path": listOf(line("forget", one), changed(3, "../0000:ff:1f.7")),
    "a parent that is a path": listOf(line("forget", one), changed(4, "../../x")),
    "a type with a control character": listOf(line("forget", one), changed(5, "A40\u0007-8Q")),
    "a type number that is none": listOf(line("forget", one), changed(6, "$(id)")),
    "a type number of one that goes that is none": listOf(
      line("forget", one),
      line("retire", two).replace("\t-\t", "\t$(id)\t"),
    ),
    "an owner with an escape": listOf(line("forget", one), changed(7, "a\u001b[2J")),
    "a keep that is neither yes nor no": listOf(line("forget", one), changed(9, "maybe")),
  };

  it.each(Object.keys(bent))("does nothing at all for a list with %s", (what) => {
    withFunctions(`record vgpu/${one} state=done owner=other/stack`);
    const result = run(bent[what] ?? "");
    expect(result.code).toBe(2);
    expect(result.stdout).toMatch(/^failed\t-\t-\t.*: nothing was done\n$/);
    if (what === "no number of operations")
      expect(result.stdout).toContain("\tthe list of operations does not begin with their number: ");
    expect(read(`vgpu/${one}`)).toBe("state=done\nowner=other/stack\n");
    expect(existsSync(join(manifest, "vgpu", two))).toBe(false);
  });
});

/** A session whose every command ends with this output and code 0. */
function answering(stdout: string): Machine["session"] {
  const answer = async () => ({ code: 0, stdout, stderr: "" });
  return { exec: answer, change: answer } as unknown as Machine["session"];
}

describe("applyVgpuSteps", () => {
  const step = (uuid: string, name: string): SingleVgpuStep => ({
    kind: "make-vgpu",
    vgpu: {
      ...{ uuid, vgpuInterface: "vendor-vfio", carrier: "0000:3b:00.0", parent: "0000:3b:00.4" },
      ...{ typeName: "NVIDIA A40-8Q", vgpuTypeId: 562, owner: "shop/dev", name, keep: false },
    },
    target: `gpu-01 ${name}`,
    cause: "c",
    disruption: "none",
  });
  /** A machine whose every command ends with this output and code 0. */
  const machineThatSays = (stdout: string): Machine => ({
    session: answering(stdout),
    side: "host",
    label: "gpu-01 desk-1",
    journals: [],
    progress: () => {},
  });
  const steps = [step(one, "desk-1"), step(two, "desk-2")];
  const said = (uuid: string) => `done\tmake\t${uuid}\t\n`;

  it("believes the outcome of each operation, and no exit code", async () => {
    await applyVgpuSteps(steps, machineThatSays(said(one) + said(two)));
    for (const output of ["", said(one), said(one) + said(one), `x\n${said(one)}${said(two)}`])
      await expect(applyVgpuSteps(steps, machineThatSays(output)), output).rejects.toThrow(
        "VGPU_STEP_FAILED",
      );
    await expect(applyVgpuSteps(steps, machineThatSays(said(one)))).rejects.toThrow(
      /make-vgpu of NVIDIA A40-8Q on 0000:3b:00.4 failed[\s\S]*Now: 1 of 2 operations of this change are done/,
    );
  });

  it("sends of one that goes its place and its type's number, and nothing that is noted of it", () => {
    const sent = operationList([{ ...step(one, "desk-1"), kind: "retire-vgpu" }]);
    expect(sent.replaceAll("\t", " ")).toBe(
      `operations 1\nretire ${one} vendor-vfio 0000:3b:00.0 0000:3b:00.4 - 562 - - no\n`,
    );
  });

  it("sends no value that is more than one line", async () => {
    const bent = [step(one, "desk-1\nretire\tx"), step(two, "desk-2")];
    await expect(applyVgpuSteps(bent, machineThatSays(""))).rejects.toThrow(
      `VGPU_INPUT gpu-01 desk-1\\nretire\\tx: make-vgpu is not sent to the host: a value of it is more than one line
Saw: "desk-1\\nretire\\tx"
Expected: a name, owner and type without line ends, tabs and other control characters
Next: correct it in the program`,
    );
    for (const [at, mark] of ["\u2028", "\u2029", "\u0085", "\u0000", "\u007f"].entries())
      expect(() => operationList([step(one, `a${mark}b`)]), String(at)).toThrow("VGPU_INPUT");
  });
});
