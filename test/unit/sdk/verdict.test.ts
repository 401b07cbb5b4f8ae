import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { declareHost } from "../../../sdk/declarations.js";

const host = {
  resource: "gpu-01",
  connectionKey: "gpu-01.lab:22",
  release: "17.9",
  packageName: null,
  gpus: {},
};

function startRun(preview: boolean): Promise<void> {
  const mocks = { newResource: () => ({ id: "", state: {} }), call: () => ({}) };
  return pulumi.runtime.setMocks(mocks, "shop", "dev", preview) as unknown as Promise<void>;
}

describe("a program that cannot be", () => {
  it("is left to each resource's own check in a preview, and stopped before any change without one", async () => {
    await startRun(true);
    expect((await declareHost(host)).hosts).toEqual([host]);
    await startRun(false);
    const refusal = declareHost({ ...host, resource: "gpu-02", connectionKey: "gpu-02.lab:22" });
    await expect(refusal).rejects.toBeInstanceOf(pulumi.RunError);
    await expect(refusal).rejects.toThrow(
      /^VGPU_UNKNOWN_RELEASE gpu-01: "17\.9" is no vGPU software release/,
    );
  });
});
