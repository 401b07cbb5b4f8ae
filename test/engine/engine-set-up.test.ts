import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { quickProgram } from "./support/declared-stack.js";
import { isRunning } from "./support/process-tree.js";
import { makeProject, type Project } from "./support/project.js";
import { mustSucceed, Stack } from "./support/stack.js";

// The world this story's resource manages is one file.
const provider = `
const { existsSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const put = async (props) => {
  writeFileSync(props.file, props.text === "never" ? String(process.pid) : props.text);
  if (props.text === "never") await new Promise(() => setInterval(() => {}, 1000));
};
exports.provider = () => ({
  create: async (props) => { await put(props); return { id: props.file, outs: props }; },
  update: async (id, olds, news) => { await put(news); return { outs: news }; },
  read: async (id, props) => existsSync(id)
    ? { id, props: { ...props, text: readFileSync(id, "utf8") }, inputs: { ...props, text: readFileSync(id, "utf8") } }
    : { id: "" },
  delete: async (id) => rmSync(id, { force: true }),
  diff: async (id, olds, news) => ({ changes: olds.text !== news.text }),
});
`;

const program = (text: string) => `
import * as pulumi from "@pulumi/pulumi";
class Note extends pulumi.CustomResource {
  constructor(name: string, args: pulumi.Inputs) {
    const __provider = 'exports.handler = () => require("./note-provider.js").provider();';
    super("pulumi-nodejs:dynamic/story:Note", name, { ...args, __provider });
  }
}
const config = new pulumi.Config();
new Note("note", { file: config.require("file"), text: ${JSON.stringify(text)} });
export const told = config.requireSecret("word");
`;

describe("the engine that ensure-engine brings", () => {
  let project: Project;
  let stack: Stack;
  let note: string;

  beforeAll(async () => {
    project = makeProject({ "note-provider.js": provider, "index.ts": program("first") });
    note = path.join(project.stateDir, "note.txt");
    stack = new Stack({ ...project, env: quickProgram });
    await stack.init();
    await stack.setConfig("file", note);
    await stack.setConfig("word", "hush-hush", { secret: true });
  });
  afterAll(() => project.remove());

  it("creates what the program declares and keeps secret config out of the state", async () => {
    mustSucceed(await stack.up());
    expect(readFileSync(note, "utf8")).toBe("first");
    const state = await stack.exportState();
    expect(state.text).not.toContain("hush-hush");
    expect(state.resources.map(({ type }) => type)).toContain("pulumi-nodejs:dynamic/story:Note");
    expect(await stack.outputs()).toEqual({ told: "hush-hush" });
  });

  it("finds nothing to do in a second run", async () => {
    const again = mustSucceed(await stack.up(["--expect-no-changes"]));
    expect(again.output).toContain("2 unchanged");
  });

  it("shows a change behind its back by property and heals it", async () => {
    writeFileSync(note, "scribbled over");
    const preview = mustSucceed(await stack.preview());
    expect(preview.output).toContain('"first" => "scribbled over"');
    mustSucceed(await stack.up());
    expect(readFileSync(note, "utf8")).toBe("first");
  });

  it("reads what is there into the state with refresh", async () => {
    writeFileSync(note, "seen by refresh");
    mustSucceed(await stack.refresh());
    expect((await stack.exportState()).text).toContain("seen by refresh");
  });

  it("updates in place and destroys", async () => {
    project.write("index.ts", program("second"));
    mustSucceed(await stack.up());
    expect(readFileSync(note, "utf8")).toBe("second");
    mustSucceed(await stack.destroy());
    expect(existsSync(note)).toBe(false);
  });

  it("leaves no process of a run that was killed, and runs again", async () => {
    project.write("index.ts", program("never"));
    const running = stack.start(["up", "--yes", "--skip-preview"]);
    await expect
      .poll(() => existsSync(note) && readFileSync(note, "utf8"), { timeout: 60_000 })
      .toMatch(/^\d+$/);
    const providerPid = Number(readFileSync(note, "utf8"));
    running.kill();
    expect((await running.ended).code).toBe(-1);
    await expect.poll(() => isRunning(providerPid)).toBe(false);
    mustSucceed(await stack.cancel());
    project.write("index.ts", program("after all"));
    mustSucceed(await stack.up(["--skip-preview"]));
    expect(readFileSync(note, "utf8")).toBe("after all");
    mustSucceed(await stack.destroy(["--skip-preview"]));
  });

  it("ends with the program's own error, told once", async () => {
    project.write("index.ts", 'throw new Error("the program gives up");');
    const run = await stack.up(["--skip-preview"]);
    expect(run.code).not.toBe(0);
    expect(run.output.split("the program gives up").length - 1).toBeLessThanOrEqual(2);
  });
});
