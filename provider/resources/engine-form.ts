import type { Lifecycle } from "./lifecycle.js";

/**
 * Returns the lifecycle with the failures of `check` in the form in which the engine shows them well: to a failure with
 * a property it adds the whole value of that property, which may be a connection, or nothing for a nested one.
 */
export function inEngineForm(lifecycle: Lifecycle): Lifecycle {
  return {
    ...lifecycle,
    check: async (olds, news) => {
      const { inputs, failures } = await lifecycle.check(olds, news);
      const shown = failures.map(({ property, reason }) => ({
        property: "",
        reason: property === "" ? reason : `${reason}\nProperty: ${property}`,
      }));
      return { inputs, failures: shown };
    },
  };
}
