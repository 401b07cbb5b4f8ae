import { VgpuError } from "../model/errors.js";
import { change, type Machine } from "./machine.js";

/** What a line of nvidia-gridd's journal or of the step says of the cause. Source: guests.md section 4. */
const causes: readonly (readonly [RegExp, string])[] = [
  [
    /Unable to fetch the client configuration token/i,
    "the token is missing or not readable: fetch it again from the license server's portal",
  ],
  [
    /Requested feature was not found|Invalid feature/i,
    "the license server has no license of this feature: look at license.feature and at the pool of the token",
  ],
  [
    /clock|time.?stamp|expired/i,
    "the clock of the guest and the license server's differ: synchronise the guest's clock",
  ],
  [
    /resolve|connect|timed? ?out|unreachable/i,
    "the license server cannot be reached: open ports 443 and 80 from the guest to it",
  ],
];

/**
 * Makes the guest read its license settings and waits for its license.
 * @throws VGPU_UNLICENSED with the status that the guest shows and the likely cause
 */
export async function acquireLicense(machine: Machine): Promise<void> {
  try {
    await change(machine, { name: "acquire-license", deadlineMs: 240_000 });
  } catch (error) {
    if (!(error instanceof VgpuError) || error.code !== "VGPU_STEP_FAILED") throw error;
    const cause = causes.find(([pattern]) => pattern.test(error.parts.saw))?.[1];
    throw new VgpuError({
      ...error.parts,
      code: "VGPU_UNLICENSED",
      what: "the guest did not get its license within 120 s",
      expected: "License Status: Licensed (nvidia-smi -q)",
      next: `${cause ?? "look at the guest's journal of nvidia-gridd, its clock, and its way to the license server (ports 443, 80)"}; run again`,
      now: "driver and license settings are in place; an unlicensed vGPU works at first and slows down later",
    });
  }
}
