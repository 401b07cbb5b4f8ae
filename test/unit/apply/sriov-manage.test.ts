import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hostFunctions } from "../../../provider/apply/boot-unit.js";
import { runShell } from "../shell.js";

const gpu = "0000:3b:00.0";
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sriov-"));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Runs code after our functions, with a sriov-manage that is these lines of shell. */
function withManage(manage: string, code: string) {
  const program = join(root, "sriov-manage");
  writeFileSync(program, `#!/bin/sh\n${manage}\n`, { mode: 0o755 });
  const text = hostFunctions()
    .replace("manifest=/etc/pulumi-vgpu", `manifest=${root}/manifest`)
    .replace("answers=/run/pulumi-vgpu", `answers=${root}`)
    .replaceAll("/usr/lib/nvidia/sriov-manage ", `${program} `);
  expect(text).toContain(`${program} "$1" "$2"`);
  return runShell(`${text}\n${code}`).stdout;
}

/** Waits until a test lets it go on, as a program that the kernel holds up. */
const waits = () =>
  `echo begun >> ${root}/begun; until [ -e ${root}/go ] || [ ! -d ${root} ]; do sleep 0.02; done`;
/** Lets all that wait go on, and returns when they have ended and all is written. */
const goOn = () => `: > ${root}/go
  for lock in ${root}/sriov-manage.*; do flock $lock true; done
  wait`;
const say = `printf '%s|%s\\n' "$?" "$why"`;

describe("sriov-manage", () => {
  it("that does not end is left behind, without the lock, and none is begun beside it", () => {
    const said = withManage(
      waits(),
      `exec 8> ${root}/change.lock
      flock 8
      sriov_patience=2
      sriov_manage -e ${gpu}; ${say}
      sriov_patience=2
      flock() { command flock -n 5; }
      sriov_manage -d ${gpu}; ${say}
      unset -f flock
      exec 8>&-
      flock -n ${root}/change.lock echo free
      ${goOn()}
      cat ${root}/sriov-manage.${gpu} | cut -d ' ' -f 1`,
    );
    expect(said).toBe(
      `1|sriov-manage -e ${gpu} has not ended after 0 s
1|sriov-manage of an earlier run has not ended on ${gpu}
free
-e
`,
    );
    expect(readFileSync(join(root, "begun"), "utf8")).toBe("begun\n");
  });

  it("is waited for two minutes, and 10 s of another GPU where one has not ended", () => {
    const said = withManage(
      waits(),
      `sleep() { :; }
      for gpu in ${gpu} 0000:af:00.0; do sriov_manage -e $gpu; ${say}; done
      ${goOn()}`,
    );
    expect(said).toBe(
      `1|sriov-manage -e ${gpu} has not ended after 120 s
1|sriov-manage -e 0000:af:00.0 has not ended after 10 s
`,
    );
  });

  it("is asked again where it had no lock of the GPU, five times, and what it said at last is told", () => {
    const refusing = `echo x >> ${root}/count; echo "Cannot obtain unbindLock for $2" >&2; exit 1`;
    expect(
      withManage(refusing, `sleep() { [ "$1" = 1 ] || command sleep "$1"; }\nsriov_manage -e ${gpu}; ${say}`),
    ).toBe(`1|Cannot obtain unbindLock for ${gpu}\n`);
    expect(readFileSync(join(root, "count"), "utf8")).toBe("x\n".repeat(5));
  });

  it("is believed by no exit code, and leaves nothing but its lock", () => {
    expect(withManage("echo 'one'; echo 'two'; exit 3", `sriov_manage -d ${gpu}; ${say}`)).toBe(
      "0|one\ntwo\n",
    );
    expect(readdirSync(root).sort()).toEqual(["sriov-manage", `sriov-manage.${gpu}`]);
  });
});
