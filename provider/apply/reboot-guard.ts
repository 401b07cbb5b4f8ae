import { VgpuError } from "../model/errors.js";
import { parseFactLines } from "../observe/fact-lines.js";
import { parseRunningVms } from "../observe/parse-holders.js";
import { parseUnread } from "../observe/parse-unread.js";
import { readScript } from "../observe/read-script.js";
import type { RebootGuard } from "../transport/reboot.js";

/** Keeps a machine from being rebooted under VMs: one may have started since the plan was made. */
export function rebootGuard(where: string): RebootGuard {
  return {
    text: readScript("observe/look-at-processes.sh"),
    refusal: (printed) => refusalOf(printed, where),
  };
}

function refusalOf(printed: string, where: string): VgpuError {
  const lines = parseFactLines(`${printed}\nend\treboot\n`, "reboot", where);
  const [unread] = parseUnread(lines);
  const now = "the machine was not rebooted; what was done before stays, and the next run goes on from there";
  if (unread === undefined) {
    return new VgpuError({
      code: "VGPU_IN_USE",
      where,
      what: "the machine must be rebooted and VMs run on it",
      saw: `VMs ${parseRunningVms(lines).join(", ")} (looked for just before the reboot)`,
      expected: "no VM runs while the machine reboots",
      next: "shut these VMs down or move them to another machine, run again",
      now,
    });
  }
  return new VgpuError({
    code: "VGPU_PREREQUISITE",
    where,
    what: "the machine must be rebooted, and it cannot be told which VMs run",
    saw: `${unread.saw} (looked for just before the reboot)`,
    expected: "all of the machine's processes, with the files that they have open",
    next: "look for the cause on the machine, run again",
    now,
  });
}
