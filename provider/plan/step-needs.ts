import type { UnreadPart } from "../model/facts.js";
import type { SettingStepKind } from "../model/step.js";
import { settingKind } from "../settings/order.js";
import type { Step } from "./steps.js";

type Parts = readonly UnreadPart["part"][];

/** The parts of the look without which a step must not be taken; a setting of a GPU says it of its own steps. */
const needs: Readonly<Record<Exclude<Step["kind"], SettingStepKind>, Parts>> = {
  "claim-host": [],
  "release-host": ["devices"],
  "block-nouveau": [],
  "unblock-nouveau": [],
  "upload-package": ["driver"],
  "copy-package": [],
  "install-driver": ["processes", "devices", "driver"],
  "uninstall-driver": ["processes", "devices", "driver"],
  "reboot-machine": ["processes", "driver"],
  "await-services": ["services"],
  "start-services": ["services"],
  "install-boot-unit": ["services"],
  "remove-boot-unit": [],
  "retire-vgpu": ["processes", "devices", "types", "mdevctl"],
  "make-vgpu": ["devices", "types", "mdevctl"],
  "record-vgpu": ["devices", "mdevctl"],
  "forget-vgpu": ["devices"],
  "claim-guest": [],
  "release-guest": [],
  "write-gridd-conf": ["license"],
  "write-token": ["license"],
  "remove-license": [],
  "acquire-license": ["services", "license"],
};

/** Whether a step must not be taken where this part of the look could not be read. */
export function needsPart({ kind }: Step, part: UnreadPart["part"]): boolean {
  const own: Parts | undefined = (needs as Readonly<Record<string, Parts>>)[kind];
  return (own ?? settingKind(kind)?.needs ?? []).includes(part);
}
