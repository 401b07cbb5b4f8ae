import { errorText } from "../model/errors.js";
import { type CheckedInputs, checkInputs, type FailureTexts } from "./check-inputs.js";
import { gpuMdevSchema, type MdevDeviceInputs, parentMdevSchema } from "./inputs.js";

/** Whether an MdevDevice is declared by `gpu` and `type`, or by `parent` and `mdevType`. */
type Form = "gpu" | "parent";

const formKeys = { gpu: ["gpu", "type"], parent: ["parent", "mdevType"] } as const;

/** Returns the names of an MdevDevice's declared properties: what it carries beside them was found on the host. */
export function mdevDeviceKeys(properties: object): string[] {
  const form = "mdevType" in properties ? parentMdevSchema : gpuMdevSchema;
  return Object.keys(form.shape);
}

/** Checks the declared inputs of an MdevDevice in the one of its two forms that they are in. */
export function checkMdevDevice(
  inputs: object,
  texts: string | FailureTexts,
): CheckedInputs<MdevDeviceInputs> {
  const where = typeof texts === "string" ? texts : texts.where;
  const given = (form: Form) => formKeys[form].filter((key) => Reflect.get(inputs, key) !== undefined);
  const [ofGpu, ofParent] = [given("gpu"), given("parent")];
  if (ofGpu.length > 0 && ofParent.length === 0) return checkInputs(gpuMdevSchema, inputs, texts);
  if (ofParent.length > 0 && ofGpu.length === 0) return checkInputs(parentMdevSchema, inputs, texts);
  const saw = [...ofGpu, ...ofParent].join(", ") || "none of gpu, type, parent, mdevType";
  const reason = errorText({
    code: "VGPU_INPUT",
    where,
    what: ofGpu.length > 0 ? "it is declared on a GPU and on another parent" : "it is declared on nothing",
    saw,
    expected: "either gpu and type, for an NVIDIA GPU, or parent and mdevType, for any other parent of mdevs",
    next: "correct it in the program",
  });
  return { inputs: null, failures: [{ property: ofGpu.length > 0 ? "parent" : "gpu", reason }] };
}
