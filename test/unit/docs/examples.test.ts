import { join } from "node:path";
import ts from "typescript";
import { beforeAll, describe, expect, it } from "vitest";
import { blocks, pages, repositoryRoot } from "./pages.js";

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: ["node"],
  paths: { "pulumi-vgpu": [join(repositoryRoot, "sdk/index.ts")] },
};

const programs = pages().flatMap(({ path, text }) =>
  blocks(text, "ts").map((block) => ({ where: `${path}:${block.line}`, text: block.text })),
);
const fileOf = (index: number) => join(repositoryRoot, `example-of-docs-${index}.ts`);

/** Returns what the compiler says of each program, by its place in the docs. */
function complaints(): Map<string, string[]> {
  const texts = new Map(programs.map(({ text }, index) => [fileOf(index), text]));
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  host.getSourceFile = (file, how, ...rest) => {
    const text = texts.get(file);
    return text === undefined ? getSourceFile(file, how, ...rest) : ts.createSourceFile(file, text, how);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return new Map(
    programs.map(({ where }, index) => {
      const source = program.getSourceFile(fileOf(index));
      const found = ts.getPreEmitDiagnostics(program, source);
      return [where, found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))];
    }),
  );
}

describe("programs in README and docs", () => {
  let found: Map<string, string[]>;
  beforeAll(() => {
    found = complaints();
  }, 60_000);

  it("are there", () => {
    expect(programs.length).toBeGreaterThan(1);
  });

  it.each(programs.map(({ where }) => where))("%s compiles against the package", (where) => {
    expect(found.get(where)).toEqual([]);
  });
});
