import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeclaredResource } from "../../fleet/program.js";
import { runPreview, runUnchecked, runUp } from "../../fleet/run.js";
import { type BadHost, badHosts, messageOf } from "./bad-hosts.js";
import { type Bed, type HostBed, hostName, openBed, vgpusOf } from "./bed.js";
import { expectUntouched, noteOf } from "./untouched.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

function programOf(host: HostBed, bad: BadHost): DeclaredResource[] {
  return host
    .program(vgpusOf("A2-4Q", 2))
    .map((resource) =>
      resource.name === hostName
        ? { ...resource, inputs: { ...resource.inputs, ...bad.inputs?.(host) } }
        : resource,
    );
}

describe.concurrent("a host that cannot be what is declared", () => {
  it.for(badHosts.map((bad, index) => ({ ...bad, index })))(
    "is refused in preview with one message, and untouched: $title",
    { timeout: 120_000 },
    async (bad) => {
      const host = await bed.host(`bad-${bad.index}`, "ampereMdev", bad.choice);
      await bad.prepare?.(host);
      const program = programOf(host, bad);
      const before = await noteOf(host.machine);
      const previews = await runPreview(program, host.statePath);
      const all = Object.values(previews).flatMap((preview) => preview.failures);
      const reason = messageOf(bad, host);
      expect(all).toEqual([{ property: "", reason: `${reason}\nProperty: ${bad.property}` }]);
      const { [hostName]: refusal } = await runUnchecked(program.filter(({ name }) => name === hostName));
      expect(refusal).toBe(reason);
      await expect(runUp(program, host.statePath)).rejects.toThrow(reason);
      await expectUntouched(host.machine, before);
    },
  );
});
