// What the sdk's doc comments say of a resource's arguments and properties, by TypeScript's own reading of them.
import path from "node:path";
import ts from "typescript";
import { repositoryRoot } from "../paths.js";

/** One argument, as it is written in a program. */
export interface Argument {
  /** e.g. `"driver.package.sha256"`, `"gpus.<address>.usage"` */
  readonly name: string;
  readonly type: string;
  readonly text: string;
  /** `null`: it has to be given. */
  readonly default: string | null;
  /** What a change of it does. */
  readonly change: string;
  /** Codes of what it may be refused with. */
  readonly errors: readonly string[];
}

/** What a made resource says of itself. */
export interface Property {
  readonly name: string;
  readonly type: string;
  readonly text: string;
}

/** One way of declaring a resource. */
export interface Form {
  readonly text: string;
  readonly arguments: readonly Argument[];
}

/** A resource of the package. */
export interface Resource {
  readonly name: string;
  readonly text: string;
  readonly example: string;
  readonly forms: readonly Form[];
  readonly properties: readonly Property[];
}

/** Reads a class and its arguments, `<name>Args`: an interface, or a union of interfaces, each of which is one form. */
export function readResources(names: readonly string[]): Resource[] {
  const entry = path.join(repositoryRoot, "sdk/index.ts");
  const program = ts.createProgram([entry], { strict: true, module: ts.ModuleKind.NodeNext });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(entry);
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${entry} exports nothing`);
  const exported = new Map(
    checker
      .getExportsOfModule(module)
      .map((symbol) => [
        symbol.name,
        symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
      ]),
  );
  const reader = { checker, of: (name: string) => exported.get(name) ?? missing(name) };
  return names.map((name) => readResource(reader, name));
}

interface Reader {
  readonly checker: ts.TypeChecker;
  readonly of: (name: string) => ts.Symbol;
}

function readResource({ checker, of }: Reader, name: string): Resource {
  const resource = of(name);
  const args = checker.getDeclaredTypeOfSymbol(of(`${name}Args`));
  const forms = args.isUnion() ? args.types : [args];
  return {
    name,
    text: docOf(checker, resource),
    example: tag(resource, "example") ?? missing(`@example of ${name}`),
    forms: forms.map((form) => ({
      text: form.symbol === undefined ? "" : docOf(checker, form.symbol),
      arguments: argumentsOf(checker, form, ""),
    })),
    properties: propertiesOf(checker, resource),
  };
}

function argumentsOf(checker: ts.TypeChecker, type: ts.Type, prefix: string): Argument[] {
  const symbols = checker.getPropertiesOfType(type).filter((symbol) => !isNever(symbol));
  return symbols.sort(byPlace).flatMap((symbol) => {
    const name = `${prefix}${symbol.name}`;
    const node = withoutInput(declarationOf(symbol).type ?? missing(`the type of ${name}`));
    const optional = (symbol.flags & ts.SymbolFlags.Optional) !== 0;
    const fallback = tag(symbol, "default");
    if (optional && fallback === undefined) missing(`@default of ${name}`);
    if (!optional && fallback !== undefined) throw new Error(`${name} has a @default and has to be given`);
    const argument: Argument = {
      name,
      type: ts.isTypeLiteralNode(node) ? "{ … }" : node.getText(),
      text: docOf(checker, symbol),
      default: fallback ?? null,
      change: tag(symbol, "change") ?? missing(`@change of ${name}`),
      errors: (tag(symbol, "throws") ?? "").split(/,\s*/).filter(Boolean),
    };
    return [argument, ...partsOf(checker, node, name)];
  });
}

/** The arguments within one; a bastion's are those of a connection, and said so there. */
function partsOf(checker: ts.TypeChecker, node: ts.TypeNode, name: string): Argument[] {
  if (ts.isTypeLiteralNode(node)) return argumentsOf(checker, checker.getTypeFromTypeNode(node), `${name}.`);
  if (!ts.isTypeReferenceNode(node)) return [];
  if (node.typeName.getText() === "Record") {
    const of = node.typeArguments?.[1];
    return of === undefined ? [] : partsOf(checker, withoutInput(of), `${name}.<address>`);
  }
  const type = checker.getTypeFromTypeNode(node);
  if (type.isClass() || !type.symbol?.declarations?.some(isOurs) || name.endsWith(".proxy")) return [];
  return argumentsOf(checker, type, `${name}.`);
}

function propertiesOf(checker: ts.TypeChecker, resource: ts.Symbol): Property[] {
  const members = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(resource));
  return members
    .filter((symbol) => symbol.declarations?.some(isOurs))
    .filter((symbol) => tag(symbol, "internal") === undefined)
    .sort(byPlace)
    .map((symbol) => ({
      name: symbol.name,
      type: (declarationOf(symbol).type ?? missing(`the type of ${symbol.name}`)).getText(),
      text: docOf(checker, symbol),
    }));
}

type Declared = ts.Declaration & { readonly type?: ts.TypeNode };

function declarationOf(symbol: ts.Symbol): Declared {
  return symbol.declarations?.[0] ?? missing(symbol.name);
}

function isNever(symbol: ts.Symbol): boolean {
  return declarationOf(symbol).type?.kind === ts.SyntaxKind.NeverKeyword;
}

function isOurs(declaration: ts.Declaration): boolean {
  return path.dirname(declaration.getSourceFile().fileName) === path.join(repositoryRoot, "sdk");
}

/** What any interface says first comes first, that of the ones it extends before. */
function byPlace(a: ts.Symbol, b: ts.Symbol): number {
  const file = (symbol: ts.Symbol) => declarationOf(symbol).getSourceFile().fileName;
  return file(a) === file(b) ? declarationOf(a).pos - declarationOf(b).pos : 0;
}

/** Returns what an input is of: every value may be an output or a promise. */
function withoutInput(node: ts.TypeNode): ts.TypeNode {
  if (!ts.isTypeReferenceNode(node) || !/(^|\.)Input$/.test(node.typeName.getText())) return node;
  return node.typeArguments?.[0] ?? node;
}

function docOf(checker: ts.TypeChecker, symbol: ts.Symbol): string {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  return text === "" ? missing(`what ${symbol.name} is`) : text;
}

function tag(symbol: ts.Symbol, name: string): string | undefined {
  const found = symbol.getJsDocTags().find((each) => each.name === name);
  return found && ts.displayPartsToString(found.text);
}

function missing(what: string): never {
  throw new Error(
    `The sdk's doc comments lack ${what}. Next: write it there, docs/reference is made from it`,
  );
}
