import { redact } from "../../model/errors.js";

/** A dial that failed in a way that may pass: the machine is down, starting, or has too many visitors. */
export class DialError extends Error {
  /** The name of the machine is not known: passes only while a machine that was there before reboots. */
  readonly unknownName: boolean;
  /** The machine was connected, and took too long. */
  readonly slow: boolean;

  constructor(message: string, { unknownName = false, slow = false } = {}) {
    super(redact(message));
    this.unknownName = unknownName;
    this.slow = slow;
  }
}
