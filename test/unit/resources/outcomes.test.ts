import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ErrorCode, VgpuError } from "../../../provider/model/errors.js";
import {
  asFailure,
  asFailures,
  halfMade,
  isOutOfReach,
  refuseOffline,
  tellOnce,
  withExclude,
} from "../../../provider/resources/outcomes.js";

function errorOf(code: ErrorCode, property?: string): VgpuError {
  const parts = {
    code,
    where: "gpu-01",
    what: "it failed",
    saw: "this",
    expected: "that",
    next: "look there",
  };
  return new VgpuError(property === undefined ? parts : { ...parts, property });
}

describe("tellOnce", () => {
  const printed: unknown[][] = [];
  const original = console.error;

  beforeEach(() => {
    printed.length = 0;
    console.error = (...parts: unknown[]) => {
      printed.push(parts);
    };
  });
  afterEach(() => {
    console.error = original;
  });

  it("keeps the line that Pulumi's Node host prints of the error away, and no other line", () => {
    const error = errorOf("VGPU_IN_USE");
    expect(tellOnce(error)).toBe(error);
    console.error(`${error}: ${error.stack}`);
    expect(printed).toEqual([]);
    console.error("something else");
    console.error(`${error}: ${error.stack}`, "with more");
    expect(printed).toEqual([["something else"], [`${error}: ${error.stack}`, "with more"]]);
  });

  it("leaves other errors, and their lines, as they are", () => {
    const error = new TypeError("a bug");
    expect(tellOnce(error)).toBe(error);
    console.error(`${error}: ${error.stack}`);
    expect(printed).toEqual([[`${error}: ${error.stack}`]]);
  });
});

describe("withExclude", () => {
  it("adds the command that leaves out a machine that cannot be asked", () => {
    const error = withExclude(errorOf("VGPU_UNREACHABLE"), { kind: "VgpuHost", name: "gpu-01" });
    expect((error as VgpuError).message).toBe(`VGPU_UNREACHABLE gpu-01: it failed
Saw: this
Expected: that
Next: look there; to go on without it: pulumi up --exclude '**VgpuHost::gpu-01' --exclude-dependents`);
  });

  it("adds nothing to another error", () => {
    for (const error of [errorOf("VGPU_IN_USE"), new TypeError("a bug")]) {
      expect(withExclude(error, { kind: "VgpuHost", name: "gpu-01" })).toBe(error);
    }
  });
});

describe("isOutOfReach", () => {
  it("is about the way to the machine, not about the machine", () => {
    const codes = ["VGPU_UNREACHABLE", "VGPU_LOGIN", "VGPU_HOST_KEY", "VGPU_NO_SUDO"] as const;
    expect(codes.every((code) => isOutOfReach(errorOf(code)))).toBe(true);
    expect(isOutOfReach(errorOf("VGPU_PROTOCOL"))).toBe(false);
    expect(isOutOfReach(new Error("VGPU_LOGIN"))).toBe(false);
  });
});

describe("asFailure", () => {
  it("puts an error on its own property, else on the given one, and throws what is not ours", () => {
    expect(asFailure(errorOf("VGPU_INPUT", "driver.release"), "connection").property).toBe("driver.release");
    expect(asFailure(errorOf("VGPU_LOGIN"), "connection")).toEqual({
      property: "connection",
      reason: errorOf("VGPU_LOGIN").message,
    });
    expect(() => asFailure(new TypeError("a bug"), "connection")).toThrow("a bug");
    expect(asFailures([errorOf("VGPU_INPUT", "gpus").parts, errorOf("VGPU_LOGIN").parts])).toMatchObject([
      { property: "gpus" },
      { property: "" },
    ]);
  });
});

describe("halfMade", () => {
  it("carries what the engine stores of a half-made resource, on an error of ours only", () => {
    const error = halfMade(errorOf("VGPU_STEP_FAILED"), "machine-1", { name: "gpu-01" }) as VgpuError;
    expect(error).toMatchObject({
      id: "machine-1",
      properties: { name: "gpu-01" },
      reasons: [error.message],
    });
    const bug = new TypeError("a bug");
    expect(halfMade(bug, "machine-1", {})).toBe(bug);
    expect(bug).not.toHaveProperty("id");
  });
});

describe("refuseOffline", () => {
  afterEach(() => {
    delete process.env.VGPU_OFFLINE;
  });

  it("refuses a change when the run may not talk to machines, and only then", () => {
    refuseOffline("gpu-01", "change the machine");
    process.env.VGPU_OFFLINE = "1";
    expect(() =>
      refuseOffline("gpu-01", "change the machine"),
    ).toThrow(`VGPU_OFFLINE gpu-01: cannot change the machine
Saw: VGPU_OFFLINE=1 in the environment
Expected: a run that may reach the machine
Next: run without VGPU_OFFLINE where the machine can be reached`);
  });
});
