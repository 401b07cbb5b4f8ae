import type { Machine } from "../types.js";
import type { GpuModelOptions } from "./host-state.js";

const ruled = "/usr/sbin/mdevctl";

/** udev's rule of mdevctl's package. */
export const mdevctlRulePath = "/usr/lib/udev/rules.d/60-mdevctl.rules";

/** The rule in the form of Debian 12's package: it runs /usr/sbin/mdevctl, wherever the package has put the program. */
export const mdevctlRuleText = `ACTION=="change", ENV{MDEV_STATE}=="registered", TEST=="/etc/mdevctl.d/$kernel", RUN+="/bin/sh -c '{ ${ruled} start-parent-mdevs %k 2>&3 | logger -t mdevctl; } 3>&1 1>&2 | logger -t mdevctl -p 2'"
`;

/** Returns where the machine's package has mdevctl: on Debian 12 not where its own rule looks for it. */
export function mdevctlPath(options: GpuModelOptions): string {
  return options.mdevctlMisplaced === true ? "/usr/bin/mdevctl" : ruled;
}

/** Whether udev can start mdevctl when a parent appears. */
export function ruleFindsMdevctl(machine: Machine): boolean {
  return machine.exists(ruled) && (machine.readFile(mdevctlRulePath) ?? "").includes(ruled);
}
