import { errorText } from "../model/errors.js";
import type { DeclaredProgram } from "../plan/declared/program.js";
import type { CheckFailure } from "../schema/check-inputs.js";
import { counted } from "./engine-load.js";
import { rememberFormer } from "./former.js";
import type { Lifecycle, Properties } from "./lifecycle.js";
import { withStoredUuid } from "./stored-uuid.js";

/**
 * Returns the lifecycle in the form in which the engine takes it well. To a failure of `check` with a property it adds
 * the whole value of that property, which may be a connection, or nothing for a nested one. The properties of a
 * half-made resource it stores as they are: without the provider's text it could never ask for that resource again.
 */
export function inEngineForm(lifecycle: Lifecycle): Lifecycle {
  return {
    ...lifecycle,
    check: counting("checks", async (olds: Properties, news: Properties) => {
      const wrong = wrongKinds(news.declared);
      rememberFormer(olds, news);
      const { inputs, failures } =
        wrong.length > 0
          ? { inputs: news, failures: wrong }
          : await lifecycle.check(olds, withStoredUuid(olds, news));
      const shown = failures.map(({ property, reason }) => ({
        property: "",
        reason: property === "" ? reason : `${reason}\nProperty: ${property}`,
      }));
      return { inputs, failures: shown };
    }),
    create: counting("operations", (inputs: Properties) =>
      lifecycle.create(inputs).catch((error: unknown) => keepProvider(error, inputs)),
    ),
    diff: (id, olds, news) => {
      rememberFormer(olds, news);
      return lifecycle.diff(id, olds, news);
    },
    update: counting("operations", (id: string, olds: Properties, news: Properties) => {
      rememberFormer(olds, news);
      return lifecycle.update(id, olds, news).catch((error: unknown) => keepProvider(error, news));
    }),
    delete: counting("operations", lifecycle.delete),
  };
}

function counting<Given extends readonly unknown[], Answer>(
  kind: Parameters<typeof counted>[0],
  answer: (...given: Given) => Promise<Answer>,
): (...given: Given) => Promise<Answer> {
  return (...given) => counted(kind, () => answer(...given));
}

/** What the program gave could not be handed down: there is nothing else to be judged. */
function wrongKinds(declared: unknown): CheckFailure[] {
  const { wrong = [] } = (declared ?? {}) as Partial<DeclaredProgram>;
  return wrong.map(({ parts }) => ({ property: parts.property, reason: errorText(parts) }));
}

function keepProvider(error: unknown, { __provider }: Properties): never {
  if (typeof error === "object" && error !== null && "properties" in error) {
    Object.assign(error, { properties: { ...(error.properties as Properties), __provider } });
  }
  throw error;
}
