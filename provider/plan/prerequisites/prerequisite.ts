import type { ErrorParts } from "../../model/errors.js";

/** Returns the refusal of a machine that is not ready. */
export function prerequisite(
  desired: { readonly name: string },
  parts: Omit<ErrorParts, "code" | "where">,
): ErrorParts {
  return { code: "VGPU_PREREQUISITE", where: desired.name, ...parts };
}

/** What is declared, as far as its name goes. */
export interface Named {
  readonly name: string;
}
