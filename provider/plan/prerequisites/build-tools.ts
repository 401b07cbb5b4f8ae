import type { ErrorParts } from "../../model/errors.js";
import type { MachineFacts } from "../../model/facts.js";
import { builtForOtherKernel } from "../driver/other-kernel.js";
import { headersAdvice } from "./headers-package.js";
import { type Named, prerequisite } from "./prerequisite.js";

/** Returns what the installer misses to build its modules. Source: nvidia-installer, programs.md section 3 */
export function buildRefusals(desired: Named, facts: MachineFacts): ErrorParts[] {
  return [...headersRefusals(desired, facts), ...toolRefusals(desired, facts)];
}

function headersRefusals(desired: Named, facts: MachineFacts): ErrorParts[] {
  if (facts.kernelHeaders) return [];
  const seen = [`no /lib/modules/${facts.kernel}/build`, builtForOtherKernel(facts, "driver")];
  return [
    prerequisite(desired, {
      what: "kernel headers are missing",
      saw: seen.filter(Boolean).join("; "),
      expected: "the headers of the running kernel, for the installer to build its modules",
      next: headersAdvice(facts.kernel, facts.installation.distribution),
      property: "driver",
    }),
  ];
}

function toolRefusals(desired: Named, facts: MachineFacts): ErrorParts[] {
  const missing = ["cc", "make", "ld"].filter((tool) => !facts.tools.has(tool)).map((tool) => `no ${tool}`);
  if (!facts.installation.libcHeaders) missing.push("no /usr/include/stdio.h");
  if (missing.length === 0) return [];
  const gcc = !facts.tools.has("cc") && facts.tools.has("gcc") ? " (gcc alone is not enough)" : "";
  return [
    prerequisite(desired, {
      what: "build tools are missing",
      saw: `${missing.join(", ")}${gcc}`,
      expected: "cc, make, ld and the headers of the C library, for the installer to build its modules",
      next: "install them with the distribution's package manager: build-essential (Debian, Ubuntu), or gcc, make, binutils and glibc-devel (RHEL, SUSE)",
      property: "driver",
    }),
  ];
}
