import { describe, expect, it } from "vitest";
import { rebootGuard } from "../../../provider/apply/reboot-guard.js";

const guard = rebootGuard("gpu-01");

describe("the guard of a reboot", () => {
  it("names the VMs that started since the plan was made", () => {
    const printed = "vm\t7\nvm\t8\nword\t7\t:\t-name\nword\t7\t-\tdesk-1\nword\t8\t:\t-id\nword\t8\t-\t109\n";
    expect(
      guard.refusal(printed).message,
    ).toBe(`VGPU_IN_USE gpu-01: the machine must be rebooted and VMs run on it
Saw: VMs VM 109, desk-1 (looked for just before the reboot)
Expected: no VM runs while the machine reboots
Next: shut these VMs down or move them to another machine, run again
Now: the machine was not rebooted; what was done before stays, and the next run goes on from there`);
  });

  it("says why it could not be told whether VMs run", () => {
    const printed = "vm\t7\nunread\tprocesses\tfind: '/proc/9/fd': Permission denied\n";
    expect(
      guard.refusal(printed).message,
    ).toBe(`VGPU_PREREQUISITE gpu-01: the machine must be rebooted, and it cannot be told which VMs run
Saw: find: '/proc/9/fd': Permission denied (looked for just before the reboot)
Expected: all of the machine's processes, with the files that they have open
Next: look for the cause on the machine, run again
Now: the machine was not rebooted; what was done before stays, and the next run goes on from there`);
  });
});
