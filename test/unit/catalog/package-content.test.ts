import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packageContent, packageHead } from "../../../provider/catalog/package-content.js";
import { releases } from "../../../provider/catalog/releases.js";

/** The beginning of a package as the vendor makes it: the stub's settings stand near its top. */
function stub(target: string, more: readonly string[] = [`version_string=${target.split("-")[3]}`]): Buffer {
  const header = [
    "#! /bin/sh",
    "skip=1022",
    'label="NVIDIA Accelerated Graphics Driver for Linux-x86_64"',
    ...more,
    "script=./nvidia-installer",
    `targetdir=${target}`,
    'if [ "$1" = --info ]; then echo "$label"; fi',
    "exit 0",
    "",
  ];
  return Buffer.concat([
    Buffer.from(header.join("\n")),
    Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0xff]),
  ]);
}

const contentOf = (bytes: Uint8Array | string) => packageContent(packageHead(Buffer.from(bytes)));
const productOf = (bytes: Uint8Array | string) => contentOf(bytes).product;

describe("packageContent", () => {
  it.each([
    ["NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm", { kind: "host", version: "550.127.06" }],
    ["NVIDIA-Linux-x86_64-550.54.16-vgpu-kvm-aie", { kind: "host", version: "550.54.16" }],
    ['"NVIDIA-Linux-x86_64-470.82-vgpu-kvm"', { kind: "host", version: "470.82" }],
    ["'NVIDIA-Linux-x86_64-550.127.05-grid'", { kind: "guest", version: "550.127.05" }],
    ["NVIDIA-Linux-x86_64-550.127.05", { kind: "plain", version: "550.127.05" }],
    ["NVIDIA-Linux-x86_64-550.127.05-no-compat32", { kind: "plain", version: "550.127.05" }],
  ])("takes side and version of a .run from its header: %s", (target, product) => {
    expect(contentOf(stub(target, []))).toMatchObject({ form: "run", product });
  });

  it("knows the packages of every release by their headers", () => {
    for (const { managerVersion, linuxGuestVersion } of releases()) {
      const [host, guest] = [
        stub(`NVIDIA-Linux-x86_64-${managerVersion}-vgpu-kvm`),
        stub(`NVIDIA-Linux-x86_64-${linuxGuestVersion}-grid`),
      ];
      expect(productOf(host)).toEqual({ kind: "host", version: managerVersion });
      expect(productOf(guest)).toEqual({ kind: "guest", version: linuxGuestVersion });
    }
  });

  it.each([
    "NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm-patch",
    "NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm-custom",
    "NVIDIA-Linux-aarch64-550.127.06-vgpu-kvm",
    "NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm; reboot",
    "cuda-installer",
    "my-NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm",
    "",
  ])("does not guess what a .run with the target folder %j is", (target) => {
    expect(contentOf(stub(target, []))).toMatchObject({ form: "run", product: null });
  });

  it("has nothing against a version beside a target folder that names none", () => {
    expect(contentOf(stub("cuda-installer", ["version_string=12.4"]))).toEqual({
      form: "run",
      product: null,
      evidence: "its header: targetdir cuda-installer",
    });
  });

  it("does not believe a header that contradicts itself", () => {
    const target = "NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm";
    expect(contentOf(stub(target, ["version_string=535.161.05"]))).toEqual({
      form: "run",
      product: null,
      evidence: `its header: targetdir ${target}, version_string 535.161.05`,
    });
  });

  it.each([
    ["PK\u0003\u0004rest", "zip", "a zip archive: it begins with PK"],
    ["!<arch>\ndebian-binary", "deb", "a Debian package: it begins with !<arch>"],
    [
      Buffer.from([0xed, 0xab, 0xee, 0xdb, 3, 0]),
      "rpm",
      "an RPM package: it begins with the bytes ed ab ee db",
    ],
    ["MZ\u0090\u0000", "exe", "a Windows program: it begins with MZ"],
    [
      Buffer.from("d0cf11e0a1b11ae1", "hex"),
      "exe",
      "a Windows installer: it begins with the bytes d0 cf 11 e0",
    ],
    [Buffer.from("1f8b0800000000", "hex"), "archive", "a gzip archive: it begins with the bytes 1f 8b"],
    [
      Buffer.from("fd377a585a000004", "hex"),
      "archive",
      "an xz archive: it begins with the bytes fd 37 7a 58 5a 00",
    ],
    [Buffer.from("28b52ffd04", "hex"), "archive", "a zstd archive: it begins with the bytes 28 b5 2f fd"],
    ["BZh91AY&SY", "archive", "a bzip2 archive: it begins with BZh"],
    [Buffer.from("377abcaf271c0004", "hex"), "archive", "a 7z archive: it begins with 7z"],
    ["#!/bin/sh\necho hello\n", "script", "a shell script whose header names no product"],
    ["<!DOCTYPE html>", "other", "no package: it begins with the bytes 3c 21 44 4f 43 54 59 50"],
    ["", "empty", "an empty file"],
  ])("knows by its first bytes what %j is: %s", (bytes, form, evidence) => {
    expect(contentOf(bytes)).toEqual({ form, product: null, evidence });
  });

  it("looks at the beginning alone, and at the first line of a name", () => {
    const late = Buffer.concat([
      Buffer.from("#!/bin/sh\n"),
      Buffer.alloc(70_000, "x\n"),
      stub("NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm"),
    ]);
    expect(contentOf(late).form).toBe("script");
    const twice = `${stub("NVIDIA-Linux-x86_64-550.127.05-grid").toString("latin1")}\ntargetdir=NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm\n`;
    expect(productOf(twice)?.kind).toBe("guest");
  });

  it("keeps of a header the three settings that say what the product is", () => {
    expect(packageHead(stub("NVIDIA-Linux-x86_64-550.127.05-grid"))).toEqual({
      firstBytes: Buffer.from("#! /bin/").toString("hex"),
      headerLines: [
        'label="NVIDIA Accelerated Graphics Driver for Linux-x86_64"',
        "version_string=550.127.05",
        "targetdir=NVIDIA-Linux-x86_64-550.127.05-grid",
      ],
    });
  });

  it.each([
    [`"a"b'c'`, `a"b'c`],
    [`a"b'`, `a"b`],
    ["a\u0001b\u00e9c", "a?b??c"],
    ["x".repeat(300), "x".repeat(120)],
  ])("shows the target folder %j without the quotes around it, printable and short", (target, shown) => {
    expect(contentOf(stub(target, []))).toEqual({
      form: "run",
      product: null,
      evidence: `its header: targetdir ${shown}`,
    });
  });

  it("says of any bytes something short and printable", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const script = Buffer.concat([Buffer.from("#!/bin/sh\ntargetdir="), Buffer.from(bytes)]);
        for (const each of [bytes, script]) expect(contentOf(each).evidence).toMatch(/^[\x20-\x7e]{1,260}$/);
      }),
    );
  });
});
