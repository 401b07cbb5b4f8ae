import { describe, expect, it } from "vitest";
import { labBeds, shownInLab, simulatedBeds } from "../../contracts/beds.js";
import { type BedFacts, ladders } from "../../contracts/contract.js";
import { contracts, contractsFor } from "../../contracts/suite.js";
import { codeSpans, page, tableRows } from "./pages.js";

const columns = ["simulated", "bookworm", "trixie"] as const;
const beds: readonly BedFacts[] = [...Object.values(simulatedBeds), ...Object.values(labBeds)];
const [programs = "", files = ""] = page("docs/contracts.md").text.split(/^## /m).slice(1);
const rows = [...tableRows(programs), ...tableRows(files)];

/** What a contract can name a row by. */
function namesOf([cell = ""]: readonly string[]): string[] {
  return [cell, ...codeSpans(cell)];
}

/** Every bed on which contracts were seen to hold, with those that were not. */
const shown = [
  ...Object.values(simulatedBeds).map((facts) => ({ facts, except: [] as readonly string[] })),
  ...(Object.keys(labBeds) as (keyof typeof labBeds)[]).flatMap((kind) => {
    const except = shownInLab[kind];
    return except === undefined ? [] : [{ facts: labBeds[kind] as BedFacts, except }];
  }),
];

/** Where contracts of a row were seen to hold, in the page's words. */
function shownOn(row: readonly string[]): string {
  const names = namesOf(row);
  if (!contracts.some(({ relies }) => names.includes(relies))) return "none";
  const holding = shown.filter(({ facts, except }) =>
    ladders[facts.kind].some((state) =>
      contractsFor(facts, state).some(({ id, relies }) => names.includes(relies) && !except.includes(id)),
    ),
  );
  const found = columns.filter((column) => holding.some(({ facts }) => facts.column === column));
  return found.length === 0 ? "not yet" : found.join(", ");
}

describe("docs/contracts.md and the contract suite", () => {
  it("has a row for whatever a contract relies on", () => {
    const named = new Set(rows.flatMap(namesOf));
    expect(contracts.map(({ relies }) => relies).filter((relies) => !named.has(relies))).toEqual([]);
  });

  it("says of each row where its contracts were seen to hold", () => {
    const said = rows.map((row) => [row[0], row.at(-1)]);
    expect(said).toEqual(rows.map((row) => [row[0], shownOn(row)]));
  });

  it("knows each contract by an id of its own, and looks at each on some bed", () => {
    const ids = contracts.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const looked = new Set(
      beds.flatMap((facts) =>
        ladders[facts.kind].flatMap((state) => contractsFor(facts, state).map(({ id }) => id)),
      ),
    );
    expect(ids.filter((id) => !looked.has(id))).toEqual([]);
  });
});
