import { isVgpuError } from "../../model/errors.js";
import { DialError } from "./dial-error.js";

/** How long to try, and what to accept. */
export interface DialTerms {
  /** Lets a connection that says `acceptNew` trust a host of which no key is known. */
  readonly acceptNewHostKey: boolean;
  readonly deadlineMs: number;
  /** Nobody has set a deadline: a machine that is connected may take longer to answer. @default false */
  readonly patient?: boolean;
  /** After a reboot: a refused login or an unknown name passes, since the machine answers before it is all there. */
  readonly afterReboot?: boolean;
  /** Called before each pause between two dials, with the milliseconds so far and what the last dial met. */
  readonly onWait?: (elapsedMs: number, last: string) => void;
}

/** Whether what a dial met may pass by itself within its deadline. */
export function mayPass(error: unknown, terms: DialTerms, seenBefore: boolean): boolean {
  if (error instanceof DialError) return !error.unknownName || terms.afterReboot === true || seenBefore;
  return isVgpuError(error) && error.code === "VGPU_LOGIN" && terms.afterReboot === true;
}
