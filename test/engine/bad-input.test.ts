import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  everythingWrong,
  host,
  misspelt,
  seenInTheProgram,
  seenOutside,
  wrongKinds,
} from "./support/bad-inputs.js";
import { codesIn, diagnosticsOf, expectNoStackTrace, expectOneMessage } from "./support/messages.js";
import { openStory, type Story } from "./support/story.js";
import { changingCommands } from "./support/witness.js";

describe("a program that cannot be carried out", () => {
  let story: Story;
  let digests: string[];

  const machines = () => [story.machine(host), story.machine("plain")];

  beforeAll(async () => {
    story = await openStory({
      [host]: { kind: "ampereMdev" },
      plain: { kind: "turingLegacy", options: { sudo: "refused" } },
    });
    digests = await Promise.all(machines().map((machine) => machine.digest()));
  });
  afterAll(() => story?.close());

  it.concurrent.each([...seenInTheProgram, ...seenOutside, ...wrongKinds, misspelt])(
    "is refused in preview by one message: $wrong",
    async ({ declared, message }) => {
      expectOneMessage(await story.preview(declared(story)), message);
    },
  );

  it("is refused before anything is registered without a preview, each thing by one message", async () => {
    story.declare(everythingWrong(story));
    const run = await story.stack.up(["--skip-preview"]);
    const told = diagnosticsOf(run);
    expect(run.code).not.toBe(0);
    expectNoStackTrace(run);
    expect(codesIn(told).toSorted(), told).toEqual(
      seenInTheProgram.map(({ message }) => message.code).toSorted(),
    );
    expect((await story.stack.exportState()).resources.filter(({ type }) => type.includes("vgpu:"))).toEqual(
      [],
    );
  });

  it.each(seenOutside.filter(({ wrong }) => /hash|host key|other side/.test(wrong)))(
    "is refused without a preview by one message: $wrong",
    async ({ declared, message }) => {
      story.declare(declared(story));
      expectOneMessage(await story.stack.up(["--skip-preview"]), message);
    },
  );

  it("changes nothing on any machine", async () => {
    for (const machine of machines()) expect(await changingCommands(machine)).toEqual([]);
    expect(await Promise.all(machines().map((machine) => machine.digest()))).toEqual(digests);
  });
});
