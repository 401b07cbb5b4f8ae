import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { errorCodes } from "../../../provider/model/errors.js";
import { blocks, codeSpans, page, pages, repositoryRoot, tableRows } from "./pages.js";
import { externalCommands } from "./shell-commands.js";

const scripts = globSync("provider/**/*.sh", { cwd: repositoryRoot }).map((path) =>
  readFileSync(join(repositoryRoot, path), "utf8"),
);

describe("docs/errors.md", () => {
  const { text } = page("docs/errors.md");
  const sections = new Map(text.split(/^## /m).map((section) => [section.split("\n")[0] ?? "", section]));
  const codes = Object.keys(errorCodes);

  it("has no row for a code that does not exist", () => {
    const named = tableRows(text).map(([cell = ""]) => /\[(\w+)\]/.exec(cell)?.[1]);
    expect(named.toSorted()).toEqual(codes.toSorted());
  });

  it.each(codes)("%s has a section with its meaning, an example in four parts, and what to do", (code) => {
    const section = sections.get(code) ?? "";
    const [example] = blocks(section, "");
    expect(section).toMatch(/^\w+\n\n[A-Z"`]/);
    expect(example?.text).toMatch(
      new RegExp(`^${code} .+: .+\nSaw: [^]+\nExpected: .+\nNext: .+\n(Now: .+\n)?$`),
    );
    expect(section).toMatch(/^Do: /m);
  });
});

describe("docs/contracts.md", () => {
  const { text } = page("docs/contracts.md");
  const [programs = "", files = ""] = text.split(/^## /m).slice(1);

  it("has a row for every program that a script starts", () => {
    const named = tableRows(programs).flatMap(([cell = ""]) =>
      codeSpans(cell).flatMap((code) => code.split(" ")),
    );
    expect(externalCommands(scripts).filter((name) => !named.includes(name))).toEqual([]);
  });

  it("has a row for every place that a script reads or writes", () => {
    const places = codeSpans(files).map((place) => place.replace(/[<*{].*$/, ""));
    const used = scripts.flatMap(
      (script) => script.match(/(?<![\w./}-])\/(sys|proc|etc|dev|run|usr|var|lib)\/[\w./-]+/g) ?? [],
    );
    const unknown = used.filter(
      (path) => path !== "/dev/null" && !places.some((place) => covers(place, path) || covers(path, place)),
    );
    expect([...new Set(unknown)].filter((path) => !programs.includes(path))).toEqual([]);
  });
});

function covers(place: string, path: string): boolean {
  return place.startsWith("/") && path.startsWith(place.replace(/\/$/, ""));
}

describe("docs/dependencies.md", () => {
  it("gives a reason for every dependency", () => {
    const manifest = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")) as Record<
      string,
      Record<string, string>
    >;
    const declared = ["dependencies", "peerDependencies", "devDependencies"].flatMap((kind) =>
      Object.keys(manifest[kind] ?? {}),
    );
    const named = tableRows(page("docs/dependencies.md").text).flatMap(([cell = ""]) => codeSpans(cell));
    expect(declared.filter((name) => !named.includes(name))).toEqual([]);
  });
});

describe("README.md", () => {
  const { text } = page("README.md");

  it("leads to every page of docs", () => {
    const left = pages().filter(({ path }) => path.startsWith("docs/") && !text.includes(`](${path})`));
    expect(left.map(({ path }) => path)).toEqual([]);
  });

  it("opens with the two commands", () => {
    expect(blocks(text, "sh")[0]?.text).toMatch(/^npm run demo .*\nnpm test .*\n$/);
  });
});

describe("how to recognise the programs of a script", () => {
  it("finds them behind pipes, substitutions, wrappers and in scripts within scripts", () => {
    const script = `say() { printf '%s' "$(date -u)"; }
if ! one --flag "a; two" | three; then say; fi # four
case $x in five|six) : ;; *) seven ;; esac
setsid /bin/sh -c 'eight || nine' < /dev/null 2>&1 &
x=$((y + 1)) timeout 5 ten`;
    expect(externalCommands([script])).toEqual(
      ["/bin/sh", "date", "eight", "nine", "one", "seven", "setsid", "ten", "three", "timeout"].sort(),
    );
  });
});
