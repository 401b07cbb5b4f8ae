import { errorText } from "../model/errors.js";
import type { ResourceKind } from "../plan/declared/program.js";
import type { CheckFailure } from "../schema/check-inputs.js";
import { handedDown } from "./declared.js";
import { counted } from "./engine-load.js";
import { rememberFormer } from "./former.js";
import type { Lifecycle, Properties } from "./lifecycle.js";
import { storedRow, takeRow, withRow } from "./row.js";
import { withStoredUuid } from "./stored-uuid.js";
import { endTelling } from "./tell.js";

/**
 * Returns the lifecycle in the form in which the engine takes it well. To a failure of `check` with a property it adds
 * the whole value of that property, which may be a connection, or nothing for a nested one. The properties of a
 * half-made resource it stores as they are: without the provider's text it could never ask for that resource again.
 * What is told in a call is told on the row of its resource, and has arrived when the call returns.
 */
export function inEngineForm(kind: ResourceKind, lifecycle: Lifecycle): Lifecycle {
  const onRow = <T>(props: Properties, call: () => Promise<T>): Promise<T> =>
    withRow(kind, props, async () => {
      try {
        return await call();
      } finally {
        await endTelling();
      }
    });
  const withStoredRow = <T extends { outs: Properties }>(made: T, inputs: Properties): T => ({
    ...made,
    outs: { ...made.outs, ...storedRow(kind, inputs) },
  });
  return {
    check: counting("checks", (olds: Properties, news: Properties) => {
      const own = takeRow(kind, news);
      return onRow(own, () => check(kind, lifecycle, { olds, news: own }));
    }),
    diff: counting("looks", (id: string, olds: Properties, news: Properties) => {
      rememberFormer(kind, olds, news);
      return onRow({ ...olds, ...news }, () => lifecycle.diff(id, olds, news));
    }),
    create: counting("operations", (inputs: Properties) =>
      onRow(inputs, () => lifecycle.create(inputs)).then(
        (made) => withStoredRow(made, inputs),
        (error: unknown) => keepStored(error, { ...storedRow(kind, inputs), __provider: inputs.__provider }),
      ),
    ),
    read: counting("looks", (id: string, props: Properties) => onRow(props, () => lifecycle.read(id, props))),
    update: counting("operations", (id: string, olds: Properties, news: Properties) => {
      rememberFormer(kind, olds, news);
      return onRow({ ...olds, ...news }, () => lifecycle.update(id, olds, news)).then(
        (made) => withStoredRow(made, { ...olds, ...news }),
        (error: unknown) =>
          keepStored(error, { ...storedRow(kind, { ...olds, ...news }), __provider: news.__provider }),
      );
    }),
    delete: counting("operations", (id: string, props: Properties) =>
      onRow(props, () => lifecycle.delete(id, props)),
    ),
  };
}

function counting<Given extends readonly unknown[], Answer>(
  kind: Parameters<typeof counted>[0],
  answer: (...given: Given) => Promise<Answer>,
): (...given: Given) => Promise<Answer> {
  return (...given) => counted(kind, () => answer(...given));
}

async function check(
  kind: ResourceKind,
  lifecycle: Lifecycle,
  { olds, news }: { readonly olds: Properties; readonly news: Properties },
) {
  const wrong = wrongKinds(news.declared);
  rememberFormer(kind, olds, news);
  const { inputs, failures } =
    wrong.length > 0
      ? { inputs: news, failures: wrong }
      : await lifecycle.check(olds, withStoredUuid(olds, news));
  const shown = failures.map(({ property, reason }) => ({
    property: "",
    reason: property === "" ? reason : `${reason}\nProperty: ${property}`,
  }));
  return { inputs, failures: shown };
}

/** What the program gave could not be handed down: there is nothing else to be judged. */
function wrongKinds(declared: unknown): CheckFailure[] {
  const { wrong = [] } = handedDown(declared);
  return wrong.map(({ parts }) => ({ property: parts.property, reason: errorText(parts) }));
}

function keepStored(error: unknown, stored: Properties): never {
  if (typeof error === "object" && error !== null && "properties" in error) {
    Object.assign(error, { properties: { ...(error.properties as Properties), ...stored } });
  }
  throw error;
}
