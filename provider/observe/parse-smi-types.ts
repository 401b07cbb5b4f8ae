import { countOf } from "../model/fact-lines.js";
import type { OfferedType } from "../model/facts.js";
import { parseFieldLine } from "./field-line.js";

/** Returns the types in lines of `nvidia-smi vgpu -s -v`. The type number is hexadecimal there. Source: mdev.md section 10. */
export function parseSmiTypes(lines: readonly string[]): OfferedType[] {
  const types: OfferedType[] = [];
  for (const line of lines) {
    const field = parseFieldLine(line);
    if (field === null) continue;
    const [key, value] = field;
    const last = types.length - 1;
    const current = types[last];
    if (key === "vGPU Type ID") {
      types.push({
        vgpuTypeId: Number.parseInt(value, 16),
        name: "",
        framebufferMiB: null,
        maxInstances: null,
        available: null,
      });
    } else if (current !== undefined) {
      if (key === "Name") types[last] = { ...current, name: value };
      if (key === "FB Memory") types[last] = { ...current, framebufferMiB: countOf(value.split(" ")[0]) };
      if (key === "Max Instances") types[last] = { ...current, maxInstances: countOf(value) };
    }
  }
  return types.filter((type) => type.name !== "");
}
