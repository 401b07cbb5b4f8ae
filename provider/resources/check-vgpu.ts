import type { Connection } from "../model/connection.js";
import { isVgpuError } from "../model/errors.js";
import { parsePciAddress } from "../model/pci-address.js";
import { parseVgpuTypeName } from "../model/vgpu-type.js";
import { type DeclaredProgram, isOnGpu } from "../plan/declared/program.js";
import { typeOffer } from "../plan/declared/vgpu.js";
import { typesOn } from "../plan/vgpu/types-on-gpu.js";
import type { CheckedInputs } from "../schema/check-inputs.js";
import type { MdevDeviceInputs } from "../schema/inputs.js";
import { checkMdevDevice } from "../schema/mdev-device.js";
import { programFailures } from "./declared.js";
import type { Properties } from "./lifecycle.js";
import { hostView } from "./machine-view.js";
import { isOffline } from "./outcomes.js";

/**
 * Checks what is declared of an MdevDevice, and of what the program has around it. The host is asked only for what to
 * offer in place of a type that can be none: the types of this very GPU.
 */
export async function checkDeclaredVgpu(
  inputs: Properties,
  program: DeclaredProgram,
): Promise<CheckedInputs<MdevDeviceInputs>> {
  const types = await typesToOffer(inputs, program);
  const given = inputs.type === undefined || inputs.type === null ? "" : String(inputs.type);
  const next = { type: typeOffer(given, types) };
  const checked = checkMdevDevice(inputs, {
    where: String(inputs.name),
    next,
    page: "docs/reference/mdev-device.md",
  });
  if (checked.inputs === null) return checked;
  const failures = programFailures(withItself(program, checked.inputs), () => types);
  return failures.length === 0 ? checked : { inputs: null, failures };
}

/** What is known of it only now may not be in the program that was handed down. */
function withItself(program: DeclaredProgram, inputs: MdevDeviceInputs): DeclaredProgram {
  if (program.vgpus.some(({ resource }) => resource === inputs.name)) return program;
  return { ...program, vgpus: [...program.vgpus, { ...inputs, resource: inputs.name, keep: false }] };
}

function isNoType(type: unknown): boolean {
  return typeof type !== "string" || parseVgpuTypeName(type) === null;
}

/** Returns the types of its GPU, as its host and the catalog say; `undefined` where none is asked for, or nobody could be. */
async function typesToOffer(
  inputs: Properties,
  program: DeclaredProgram,
): Promise<readonly string[] | undefined> {
  const isWrong = isNoType(inputs.type) || program.vgpus.some((vgpu) => isOnGpu(vgpu) && isNoType(vgpu.type));
  const rest = isWrong ? checkMdevDevice({ ...inputs, type: "A40-8Q" }, "").inputs : null;
  if (rest === null || !("gpu" in rest) || isOffline()) return undefined;
  try {
    const { gpus } = await hostView(rest.connection as Connection).facts();
    const gpu = gpus.find(({ address }) => address === parsePciAddress(rest.gpu));
    const names = gpu === undefined ? [] : typesOn(gpu);
    return names.length > 0 ? names : undefined;
  } catch (error) {
    // Its host's own check tells why it cannot be asked.
    if (isVgpuError(error)) return undefined;
    throw error;
  }
}
