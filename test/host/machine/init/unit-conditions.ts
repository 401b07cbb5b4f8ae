// Condition*= and Assert*= lines of units.
import type { Machine } from "../../types.js";
import type { Unit } from "./unit-file.js";

/** Looks at a path inside the machine, /sys and /proc included. */
export type PathTest = (flag: "-e" | "-d" | "-s" | "-x", path: string) => Promise<boolean>;

async function holds(key: string, value: string, machine: Machine, test: PathTest): Promise<boolean> {
  switch (key) {
    case "ConditionPathExists":
      return test("-e", value);
    case "ConditionPathIsDirectory":
      return test("-d", value);
    case "ConditionFileNotEmpty":
      return test("-s", value);
    case "ConditionFileIsExecutable":
      return test("-x", value);
    case "ConditionDirectoryNotEmpty":
      return (
        (await machine.run(["/bin/sh", "-c", '[ -n "$(ls -A "$1" 2>/dev/null)" ]', "sh", value])).code === 0
      );
    case "ConditionPathExistsGlob":
      return (await machine.run(["/bin/sh", "-c", `ls -d ${value} >/dev/null 2>&1`])).code === 0;
    case "ConditionKernelCommandLine":
      return (machine.options.kernelCommandLine ?? "")
        .split(/\s+/)
        .some((word) => word === value || word.startsWith(`${value}=`));
    case "ConditionVirtualization":
      return value === "no" || value === "false";
    default:
      return true;
  }
}

/** The first condition that does not hold, undefined when all do. */
export async function unmetCondition(
  unit: Unit,
  machine: Machine,
  test: PathTest,
): Promise<string | undefined> {
  const keys = [...unit.text.matchAll(/^\s*(Condition\w+)\s*=/gm)].map((match) => match[1] as string);
  for (const key of new Set(keys))
    for (const value of unit.all("Unit", key)) {
      const negated = value.startsWith("!");
      if ((await holds(key, value.replace(/^[!|]+/, ""), machine, test)) === negated)
        return `${key}=${value}`;
    }
  return undefined;
}
