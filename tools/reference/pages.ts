import type { Argument, Form, Resource } from "./read-arguments.js";

/** A page of docs/reference. */
export interface Page {
  /** Path in the repository. */
  readonly path: string;
  readonly text: string;
}

/** Returns the page of a resource. */
export function resourcePage(resource: Resource): Page {
  const several = resource.forms.length > 1;
  const lines = [
    `# What can ${article(resource.name)} ${resource.name} be given?`,
    "",
    "Made from the source by `npm run reference`. Every value may be an output or a promise.",
    "",
    resource.text,
    "",
    "```ts",
    ...prelude(resource.example),
    "",
    resource.example,
    "```",
    "",
    ...resource.forms.flatMap((form, index) => formLines(form, several ? index + 1 : null)),
    "## What it says of itself",
    "",
    "| property | type | is |",
    "|---|---|---|",
    ...resource.properties.map(({ name, type, text }) => row([code(name), code(type), inCell(text)])),
    "",
  ];
  return { path: `docs/reference/${fileName(resource.name)}.md`, text: lines.join("\n") };
}

/** What an example speaks of without making it. */
const made: Readonly<Record<string, string>> = {
  host: "declare const host: vgpu.VgpuHost;",
  desk: "declare const desk: vgpu.MdevDevice;",
  config: "const config = new pulumi.Config();",
};

function prelude(example: string): string[] {
  const names = Object.keys(made).filter(
    (name) => new RegExp(`\\b${name}\\b(?!:)`).test(example) && !example.includes(`const ${name} =`),
  );
  const needsPulumi = names.includes("config");
  return [
    ...(needsPulumi ? ['import * as pulumi from "@pulumi/pulumi";'] : []),
    'import * as vgpu from "pulumi-vgpu";',
    ...(names.length === 0 ? [] : [""]),
    ...names.map((name) => made[name] ?? ""),
  ];
}

function formLines(form: Form, number: number | null): string[] {
  return [
    number === null ? "## Arguments" : `## Arguments, form ${number}`,
    "",
    ...(number === null ? [] : [form.text, ""]),
    "| argument | type | default | is | a change | errors |",
    "|---|---|---|---|---|---|",
    ...form.arguments.map(argumentRow),
    "",
  ];
}

function argumentRow(argument: Argument): string {
  const errors = argument.errors.map((each) => `[${each}](../errors.md#${each.toLowerCase()})`);
  return row([
    code(argument.name),
    code(argument.type),
    argument.default === null ? "**needed**" : inCell(argument.default),
    inCell(argument.text),
    inCell(argument.change),
    errors.join(", "),
  ]);
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function code(text: string): string {
  return `\`${inCell(text)}\``;
}

function inCell(text: string): string {
  return text.replaceAll("|", "\\|").replace(/\s+/g, " ");
}

function article(name: string): string {
  return /^[AEIOM]/.test(name) ? "an" : "a";
}

/** `VgpuHost` is told of in `vgpu-host.md`. */
export function fileName(name: string): string {
  return name.replace(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}
