import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runUp } from "../../fleet/run.js";
import { type Bed, openBed, smallHosts, vgpusOf } from "./bed.js";
import { liveTypes } from "./live-vgpus.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

describe.concurrent("a vGPU that the driver does not make", () => {
  it.for(["ampereMdev", "adaVendorVfio"] as const)(
    "is told with what the code in the kernel's log means, and made by the next run: %s",
    { timeout: 300_000 },
    async (kind) => {
      const { type } = smallHosts[kind];
      const host = await bed.host(`refused-${kind}`, kind);
      await runUp(host.program({}), host.statePath);
      await host.machine.model("setFaults", { failCreates: 1 });
      const program = host.program(vgpusOf(type, 1));
      await expect(runUp(program, host.statePath)).rejects.toThrow(
        /make-vgpu of [\s\S]*Failed to add vgpu create request: 0x66[\s\S]*\nNext: NVRM's 0x66 means: the GPU was not ready yet/,
      );
      await runUp(program, host.statePath);
      expect(await liveTypes(host.machine)).toEqual([type]);
    },
  );
});
