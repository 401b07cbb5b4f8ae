import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { libraryScript } from "../../../provider/apply/boot-unit.js";
import { runShell } from "../shell.js";

/** Asks who uses a device, of a machine on which find does this. */
function heldWhere(find: string): string {
  return runShell(`${libraryScript("host")}\nfind() { ${find}; }\nheld /nowhere; printf '%s|%s' "$?" "$why"`)
    .stdout;
}

/** Asks who uses the device of group 12 and file vfio3, of a machine on which process 77 has this file open. */
function heldWith(open: string): string {
  const root = mkdtempSync(join(tmpdir(), "held-"));
  try {
    const device = join(root, "device");
    for (const folder of [`${device}/vfio-dev/vfio3`, `${root}/proc/77/fd`])
      mkdirSync(folder, { recursive: true });
    symlinkSync("/nowhere/iommu_groups/12", join(device, "iommu_group"));
    symlinkSync(open, join(root, "proc/77/fd/5"));
    writeFileSync(join(root, "proc/77/cmdline"), "kvm\0-name\0guest=desk-1,x=y\0");

    const script = libraryScript("host").replaceAll("/proc/[0-9]*/fd", "proc/[0-9]*/fd");
    return runShell(`${script}\ncd ${root}; held ${device}; printf '%s|%s' "$?" "$why"`).stdout;
  } finally {
    rmSync(root, { recursive: true });
  }
}

describe("the look for who uses a device, just before its removal", () => {
  it("finds nobody where nobody is, also when processes end meanwhile", () => {
    expect(heldWhere("return 0")).toBe("1|");
    const ended = "find: '/proc/77/fd/3': No such file or directory";
    expect(heldWhere(`echo "${ended}" >&2; echo "find: '/proc/78/fd': No such process" >&2; return 1`)).toBe(
      "1|",
    );
  });

  it.each(["/dev/vfio/12", "/dev/vfio/devices/vfio3"])(
    "finds who has %s open, also when it is gone",
    (file) => {
      for (const open of [file, `${file} (deleted)`])
        expect(heldWith(open)).toMatch(/^0\|process .*has it open$/);
      for (const open of [`${file}3`, `/home/x${file}`, `${file} (deleted)x`])
        expect(heldWith(open)).toBe("1|");
    },
  );

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
