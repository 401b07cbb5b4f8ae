import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { settingFiles } from "../../provider/settings/order.js";
import { repositoryRoot } from "../paths.js";
import { callersOf, functionAround, type GuardedLine, mentions } from "./guarded-lines.js";
import type { TestMap } from "./test-map.js";

/** What every changing script starts with: a file of functions is tried by the scripts that use the function. */
const libraries = [
  "apply/shell/forms.sh",
  "apply/shell/manifest.sh",
  "apply/shell/held.sh",
  "apply/shell/functions.sh",
  "apply/shell/vgpu-functions.sh",
  "apply/shell/gpu-records.sh",
  ...settingFiles("functions"),
  "apply/shell/initramfs.sh",
  "apply/shell/installer-folder.sh",
];

/** What is run under other names than its own. */
const programs: Readonly<Record<string, readonly string[]>> = {
  "apply/shell/restore.sh": ["install-boot-unit"],
  "apply/shell/restore-vgpus.sh": ["install-boot-unit"],
  ...each(settingFiles("boot"), ["install-boot-unit"]),
  ...each(settingFiles("observe"), ["observe-host"]),
  "observe/host.sh": ["observe-host"],
  "observe/host-records.sh": ["observe-host"],
  "observe/guest.sh": ["observe-guest"],
  "observe/look-at-processes.sh": ["observe-host", "reboot-machine"],
  "observe/look-at-package.sh": ["look-at-package"],
  "transport/scripts/own-folder.sh": ["receive-file", "copy-package"],
  "transport/scripts/lock-functions.sh": ["hold-lock"],
  "transport/scripts/guard-change.sh": ["claim", "vgpus"],
};

/** By what else than its name a unit test has a script: a word of its text. */
const unitWords: Readonly<Record<string, readonly string[]>> = {
  "apply/shell/forms.sh": ["hostFunctions"],
  "apply/shell/manifest.sh": ["hostFunctions"],
  "apply/shell/held.sh": ["hostFunctions"],
  "apply/shell/functions.sh": ["hostFunctions", "restoreScript", "acquire-license"],
  "apply/shell/gpu-records.sh": ["enable-vfs"],
  "apply/shell/vgpu-functions.sh": ["hostFunctions", "restoreScript"],
  ...each(settingFiles("functions"), ["hostFunctions", "restoreScript"]),
  ...each(settingFiles("boot"), ["restoreScript"]),
  ...each(settingFiles("observe"), ["SmallHost"]),
  "apply/shell/restore-vgpus.sh": ["restoreScript"],
  "apply/shell/initramfs.sh": ["block-nouveau"],
  "apply/shell/installer-folder.sh": ["install-driver", "drop-package"],
  "apply/shell/restore.sh": ["restoreScript"],
  "observe/host.sh": ["SmallHost"],
  "observe/host-records.sh": ["SmallHost"],
  "observe/check-tools.sh": ["machineScript"],
  "transport/scripts/own-folder.sh": ["ownFolder"],
  "transport/scripts/lock-functions.sh": ["lockFunctions"],
  "transport/scripts/guard-change.sh": ["guardedScript"],
  "transport/scripts/hold-lock.sh": ["lockScript", "lockSilenceMs"],
  "transport/scripts/read-boot-id.sh": ["rebootAndWait"],
  "transport/scripts/reboot-machine.sh": ["rebootAndWait"],
  "transport/scripts/run-job.sh": ["runJob"],
  "transport/scripts/poll-job.sh": ["runJob"],
  "transport/scripts/prepare-job.sh": ["runJob"],
  "transport/scripts/receive-file.sh": [".upload("],
};

function each(files: readonly string[], names: readonly string[]): Record<string, readonly string[]> {
  return Object.fromEntries(files.map((file) => [file, names]));
}

/** Returns the unit tests that run a script, by what they mention. */
export function unitTestsOf(script: string): readonly string[] {
  const name = path.basename(script, ".sh");
  const words = [`/${name}.sh`, ...(kinds.includes(name) ? [] : [`"${name}"`]), ...(unitWords[script] ?? [])];
  return unitFolders
    .filter((folder) => script.startsWith("transport/") || !folder.endsWith("/transport"))
    .flatMap((folder) => readdirSync(path.join(repositoryRoot, folder)).map((file) => `${folder}/${file}`))
    .filter((file) => file.endsWith(".test.ts") && !file.endsWith("/scripts.test.ts"))
    .filter((file) => {
      const text = readFileSync(path.join(repositoryRoot, file), "utf8");
      return words.some((word) => text.includes(word));
    });
}

const unitFolders = ["test/unit/apply", "test/unit/observe", "test/unit/transport"];
/** Words that mean much else. */
const kinds = ["host", "guest", "machine", "observe", "functions", "boot"];

/** Returns the simulated hosts' test files that run a line, the quickest first. */
export function hostTestsOf(
  script: string,
  line: GuardedLine,
  known: { readonly map: TestMap; readonly texts: ReadonlyMap<string, string> },
): readonly string[] {
  const { map, texts } = known;
  const files = new Set(programsOf(script, line, texts).flatMap((name) => map.scripts[name] ?? []));
  return [...files].sort((a, b) => (map.seconds[a] ?? 0) - (map.seconds[b] ?? 0));
}

function programsOf(
  script: string,
  line: GuardedLine,
  texts: ReadonlyMap<string, string>,
): readonly string[] {
  if (libraries.includes(script)) return usersOf(script, line, texts);
  if (programs[script] !== undefined) return programs[script];
  return script.startsWith("observe/") ? ["observe-host", "observe-guest"] : [path.basename(script, ".sh")];
}

/** Returns the changing scripts that use the function which a line of a library stands in. */
function usersOf(script: string, { number }: GuardedLine, texts: ReadonlyMap<string, string>): string[] {
  const library = libraries.map((name) => texts.get(name) ?? "").join("");
  const name = functionAround(texts.get(script) ?? "", number);
  const names = name === undefined ? undefined : callersOf(name, library);
  return [...texts]
    .filter(([file]) => /^(apply\/shell|settings)\//.test(file) && !libraries.includes(file))
    .filter(([, text]) => names === undefined || [...names].some((one) => mentions(text, one)))
    .flatMap(([file]) => programs[file] ?? [path.basename(file, ".sh")]);
}
