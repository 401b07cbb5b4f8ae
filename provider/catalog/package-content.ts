import type { PackageHead } from "../model/package-head.js";
import { canonicalVersion } from "./releases.js";

/** How many bytes at a package's beginning are looked at: the header of a `.run` has some hundred lines. */
export const packageHeadBytes = 65_536;

/** No driver package is bigger, bytes; as apply/shell/copy-package.sh and observe/look-at-package.sh have it. Unsourced: known ones have some hundred MiB. */
export const largestPackageBytes = 4_294_967_296;

/** What a driver package is, by its content. */
export interface PackageContent {
  readonly form: "run" | "script" | "deb" | "rpm" | "zip" | "archive" | "exe" | "empty" | "other";
  /** Which product of the vendor's a `.run` is; `null` when its header does not say it, or contradicts itself. */
  readonly product: { readonly kind: "host" | "guest" | "plain"; readonly version: string } | null;
  /** By which bytes or lines this is known, for people. */
  readonly evidence: string;
}

/** Names of the header's lines that are looked at. */
export const headerNames = ["label", "targetdir", "version_string"] as const;

/** Returns the beginning of a file as far as it tells what the file is. */
export function packageHead(bytes: Uint8Array): PackageHead {
  const text = Buffer.from(bytes.subarray(0, packageHeadBytes)).toString("latin1");
  const isHeader = (line: string) => headerNames.some((name) => line.startsWith(`${name}=`));
  return {
    firstBytes: Buffer.from(bytes.subarray(0, 8)).toString("hex"),
    headerLines: text.split("\n").filter(isHeader),
  };
}

const formsByBytes: readonly (readonly [string, PackageContent["form"], string])[] = [
  ["504b", "zip", "a zip archive: it begins with PK"],
  ["1f8b", "archive", "a gzip archive: it begins with the bytes 1f 8b"],
  ["fd377a585a00", "archive", "an xz archive: it begins with the bytes fd 37 7a 58 5a 00"],
  ["28b52ffd", "archive", "a zstd archive: it begins with the bytes 28 b5 2f fd"],
  ["425a68", "archive", "a bzip2 archive: it begins with BZh"],
  ["377abcaf271c", "archive", "a 7z archive: it begins with 7z"],
  ["213c617263683e", "deb", "a Debian package: it begins with !<arch>"],
  ["edabeedb", "rpm", "an RPM package: it begins with the bytes ed ab ee db"],
  ["4d5a", "exe", "a Windows program: it begins with MZ"],
  ["d0cf11e0", "exe", "a Windows installer: it begins with the bytes d0 cf 11 e0"],
];

/**
 * Returns what a file is, by its beginning and whatever its name is.
 * Source: shared facts of the `.run` files' header: the suffix of targetdir says which side a package is for.
 */
export function packageContent({ firstBytes, headerLines }: PackageHead): PackageContent {
  if (firstBytes === "") return { form: "empty", product: null, evidence: "an empty file" };
  for (const [bytes, form, evidence] of formsByBytes) {
    if (firstBytes.startsWith(bytes)) return { form, product: null, evidence };
  }
  if (!firstBytes.startsWith("2321"))
    return { form: "other", product: null, evidence: `no package: it begins with ${spaced(firstBytes)}` };
  return scriptContent(headerLines);
}

function spaced(hexadecimal: string): string {
  return `the bytes ${hexadecimal.replace(/(..)(?=.)/g, "$1 ")}`;
}

const productForm =
  /^NVIDIA-Linux-x86_64-(\d{3}\.\d{2,3}(?:\.\d{2})?)(-vgpu-kvm|-vgpu-kvm-aie|-grid|-no-compat32)?$/;
const kindOf = { "-vgpu-kvm": "host", "-vgpu-kvm-aie": "host", "-grid": "guest" } as const;

function scriptContent(lines: readonly string[]): PackageContent {
  const target = settingOf(lines, "targetdir");
  if (target === undefined) {
    return { form: "script", product: null, evidence: "a shell script whose header names no product" };
  }
  const said = settingOf(lines, "version_string");
  const [, version, suffix = ""] = productForm.exec(target) ?? [];
  const consistent = said === undefined || version === undefined || sameVersion(said, version);
  const evidence = `its header: targetdir ${target}${consistent ? "" : `, version_string ${said}`}`;
  if (version === undefined || !consistent) return { form: "run", product: null, evidence };
  const kind = kindOf[suffix as keyof typeof kindOf] ?? "plain";
  return { form: "run", product: { kind, version }, evidence };
}

function sameVersion(one: string, other: string): boolean {
  return canonicalVersion(one) === canonicalVersion(other);
}

/** The first line of this name counts, as for the shell that runs the file; quotes around a value are not part of it. */
function settingOf(lines: readonly string[], name: string): string | undefined {
  const line = lines.find((each) => each.startsWith(`${name}=`));
  const value = line?.slice(name.length + 1).replace(/^["']|["']$/g, "");
  return value === undefined ? undefined : value.replace(/[^\x20-\x7e]/g, "?").slice(0, 120);
}
