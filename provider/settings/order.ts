import type { SettingStep, SettingStepKind } from "../model/step.js";
import type { Setting, SettingFile, SettingKind } from "./setting.js";
import { usage } from "./usage/setting.js";
import { virtualFunctions } from "./virtual-functions/setting.js";

/**
 * Every setting, in the order in which they are changed on a host and restored at boot; taken away from the end. What is
 * kept in the board's firmware and takes a reboot comes first, what a later one wipes comes after that one.
 */
export const settings: readonly Setting[] = [
  usage, // who has the GPU: all others are settings of NVIDIA's driver
  virtualFunctions, // sriov-manage binds the driver anew: MIG instances and the size mode are gone after it. Source: field.md 3.1
];

type AnyKind = SettingKind<SettingStep>;

const byKind: ReadonlyMap<string, AnyKind> = new Map(
  settings.flatMap(({ kinds }) => Object.entries(kinds) as [string, AnyKind][]),
);

/** Returns what is known of a kind of step, `null` where it changes no setting of a GPU. */
export function settingKind(kind: SettingStepKind): AnyKind;
export function settingKind(kind: string): AnyKind | null;
export function settingKind(kind: string): AnyKind | null {
  return byKind.get(kind) ?? null;
}

/** Returns the paths below `provider/` of what the script of a kind of step is made of; `null` where it changes no setting of a GPU. */
export function settingScript(kind: string): readonly string[] | null {
  const setting = settings.find(({ kinds }) => Object.hasOwn(kinds, kind));
  if (setting === undefined) return null;
  const folder = `settings/${setting.name}`;
  const records = "apply/shell/gpu-records.sh";
  return [
    records,
    ...(setting.files.includes("functions") ? [`${folder}/functions.sh`] : []),
    `${folder}/${kind}.sh`,
  ];
}

/** Returns the paths below `provider/` of the settings' files of one kind, in their order. */
export function settingFiles(file: SettingFile): readonly string[] {
  return settings
    .filter(({ files }) => files.includes(file))
    .map(({ name }) => `settings/${name}/${file}.sh`);
}
