import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { declareHost, declareWrong } from "../../../sdk/declarations.js";
// What the SDK loads late is loaded before any test: else mutation testing takes its tables for what the first test ran.
import "../../../provider/plan/declared/check-program.js";

const host = {
  resource: "gpu-01",
  connectionKey: "gpu-01.lab:22",
  release: "17.9",
  packageName: null,
  gpus: {},
};

const declaring = (declared: typeof host) => ({ afterResource: false, value: Promise.resolve(declared) });

function startRun(preview: boolean): Promise<void> {
  const mocks = { newResource: () => ({ id: "", state: {} }), call: () => ({}) };
  return pulumi.runtime.setMocks(mocks, "shop", "dev", preview) as unknown as Promise<void>;
}

describe("a program that cannot be", () => {
  it("is left to each resource's own check in a preview, and stopped before any change without one", async () => {
    await startRun(true);
    expect((await declareHost(declaring(host)))?.hosts).toEqual([host]);
    await startRun(false);
    const refusal = declareHost(declaring({ ...host, resource: "gpu-02", connectionKey: "gpu-02.lab:22" }));
    await expect(refusal).rejects.toBeInstanceOf(pulumi.RunError);
    await expect(refusal).rejects.toThrow(
      /^VGPU_UNKNOWN_RELEASE gpu-01: "17\.9" is no vGPU software release/,
    );
  });

  it("is stopped where arguments cannot be, as by every other refusal", async () => {
    await startRun(true);
    const parts = {
      code: "VGPU_INPUT",
      where: "a-desk",
      what: "host is not valid",
      saw: "a text",
      expected: "the VgpuHost that carries it",
      next: "correct it in the program",
      property: "host",
    } as const;
    const wrong = [{ resource: "a-desk", parts }];
    expect(await declareWrong("MdevDevice", wrong)).toEqual({ hosts: [], vgpus: [], guests: [], wrong });
    await startRun(false);
    await expect(declareWrong("MdevDevice", wrong)).rejects.toThrow(/^VGPU_/);
  });
});
