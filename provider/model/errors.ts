import { bounded, shownLine, shownLines } from "./shown.js";

/** The documented reason codes; each one has a row in docs/errors.md. */
export const errorCodes = {
  VGPU_INPUT: "a declared property is not valid",
  VGPU_UNKNOWN_RELEASE: "the vGPU software release is not in the catalog",
  VGPU_UNKNOWN_TYPE: "the vGPU type cannot exist, or not on this board",
  VGPU_PACKAGE_MISMATCH: "the driver package does not fit the release, or its hash differs",
  VGPU_SIZE_CONFLICT: "vGPUs of different framebuffer sizes on one GPU in equal-size mode",
  VGPU_CAPACITY: "more vGPUs than the GPU holds",
  VGPU_CLAIM_CONFLICT: "two resources claim one host, GPU, vGPU or guest",
  VGPU_INCOMPATIBLE_GUEST: "the guest driver does not work with the host's vGPU manager",
  VGPU_UNREACHABLE: "the machine does not answer",
  VGPU_HOST_KEY: "the machine shows another host key than the trusted one",
  VGPU_LOGIN: "the machine refuses the credentials",
  VGPU_ACCOUNT: "the account logs in and runs no commands",
  VGPU_NO_SUDO: "the user may not become root",
  VGPU_LOCKED: "another run is changing this machine",
  VGPU_PREREQUISITE: "the machine is not ready for this",
  VGPU_NO_SUCH_GPU: "there is no such GPU in the host",
  VGPU_NO_SUCH_PARENT: "there is no such parent of mdevs in the host",
  VGPU_REBOOT_NEEDED: "a reboot is needed and not allowed",
  VGPU_IN_USE: "a virtual machine uses what would be changed",
  VGPU_FOREIGN: "the object on the host is not ours",
  VGPU_NO_EFFECT: "a step ran and the machine did not change",
  VGPU_STEP_FAILED: "a step failed on the machine",
  VGPU_TIMEOUT: "the machine did not reach the state in time",
  VGPU_OFFLINE: "VGPU_OFFLINE is set and this needs the machine",
  VGPU_UNLICENSED: "the guest did not get its license",
  VGPU_PROTOCOL: "the machine answered in a form that is not understood",
} as const;

/** One of the documented reason codes. */
export type ErrorCode = keyof typeof errorCodes;

/** The parts of a message: what was tried and where, what was seen, what was expected, what to do next. */
export interface ErrorParts {
  readonly code: ErrorCode;
  /** The machine, resource or program part concerned, e.g. `"kvm1 0000:41:00.0"`. */
  readonly where: string;
  /** What was wanted and did not happen, e.g. `"cannot create A40-8Q"`. */
  readonly what: string;
  /** The evidence, with its source in brackets. */
  readonly saw: string;
  readonly expected: string;
  readonly next: string;
  /** Once a change began: what may exist now. */
  readonly now?: string;
  /** The declared property that is at fault, for `check`, e.g. `"driver.release"`. */
  readonly property?: string;
}

const redactions = new Set<string>();

/** Makes every later message show `[secret]` in place of `text`, as it is or quoted; texts under 4 characters are left alone. */
export function redactLater(text: string): void {
  if (text.length < 4) return;
  redactions.add(text);
  redactions.add(JSON.stringify(text).slice(1, -1));
}

/** Returns `text` with every registered secret replaced by `[secret]`. */
export function redact(text: string): string {
  let clean = text;
  // One secret may begin another.
  const longestFirst = [...redactions].sort((a, b) => b.length - a.length);
  for (const secret of longestFirst) clean = clean.split(secret).join("[secret]");
  return clean;
}

/** Returns at most `most` characters of the beginning of what a machine said; no part of a secret is left where it is cut. */
export function startOf(text: string, most: number): string {
  return redact(text).slice(0, most);
}

/** The same for its end. */
export function endOf(text: string, most: number): string {
  return redact(text).slice(-most);
}

/** Longest texts of a message, characters: what a machine says is not all worth reading. */
const mostOfTitle = 1_000;
const mostOfPart = 6_000;

/**
 * Returns the message of one failure, four or five parts, without secrets. Texts of machines are in it: what a terminal
 * would obey is shown escaped, no line of theirs passes for a part, and long ones are cut in the middle.
 */
export function errorText(parts: ErrorParts): string {
  const title = (text: string) => shownLine(bounded(redact(text), mostOfTitle));
  const part = (text: string) => shownLines(bounded(redact(text), mostOfPart));
  const lines = [
    `${parts.code} ${title(parts.where)}: ${title(parts.what)}`,
    `Saw: ${part(parts.saw)}`,
    `Expected: ${part(parts.expected)}`,
    `Next: ${part(parts.next)}`,
  ];
  if (parts.now !== undefined) lines.push(`Now: ${part(parts.now)}`);
  return lines.join("\n");
}

/** A failure that is told to the person who runs Pulumi. Known by `code`, never by `instanceof`. */
export class VgpuError extends Error {
  readonly code: ErrorCode;
  readonly parts: ErrorParts;

  constructor(parts: ErrorParts) {
    super(errorText(parts));
    this.name = "VgpuError";
    this.code = parts.code;
    this.parts = parts;
  }
}

/** Whether `error` is one of ours, also when it comes from another copy of this module. */
export function isVgpuError(error: unknown): error is VgpuError {
  return error instanceof Error && typeof (error as { code?: unknown }).code === "string" && "parts" in error;
}
