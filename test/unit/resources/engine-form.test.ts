import { describe, expect, it } from "vitest";
import { inEngineForm } from "../../../provider/resources/engine-form.js";
import type { Lifecycle } from "../../../provider/resources/lifecycle.js";

const never = () => Promise.reject(new Error("not called"));

function checking(failures: Awaited<ReturnType<Lifecycle["check"]>>["failures"]): Lifecycle {
  const check = (_olds: object, news: Record<string, unknown>) => Promise.resolve({ inputs: news, failures });
  return inEngineForm("VgpuHost", {
    check,
    diff: never,
    create: never,
    read: never,
    update: never,
    delete: never,
  });
}

describe("inEngineForm", () => {
  it("names the property in the message, so that the engine does not print its value", async () => {
    const lifecycle = checking([{ property: "driver.release", reason: "VGPU_INPUT a: b\nNext: c" }]);
    expect(await lifecycle.check({}, { driver: { release: "x" } })).toEqual({
      inputs: { driver: { release: "x" } },
      failures: [{ property: "", reason: "VGPU_INPUT a: b\nNext: c\nProperty: driver.release" }],
    });
  });

  it("adds nothing to a failure of no property in particular", async () => {
    const { failures } = await checking([{ property: "", reason: "VGPU_IN_USE a: b" }]).check({}, {});
    expect(failures).toEqual([{ property: "", reason: "VGPU_IN_USE a: b" }]);
  });

  it("tells what cannot be the arguments of a resource, and asks nothing more", async () => {
    const parts = {
      code: "VGPU_INPUT",
      where: "desk",
      what: "a",
      saw: "b",
      expected: "c",
      next: "d",
      property: "host",
    };
    const news = { declared: { wrong: [{ resource: "desk", parts }] } };
    const lifecycle = inEngineForm("VgpuHost", {
      check: never,
      diff: never,
      create: never,
      read: never,
      update: never,
      delete: never,
    });
    expect(await lifecycle.check({}, news)).toEqual({
      inputs: news,
      failures: [
        { property: "", reason: "VGPU_INPUT desk: a\nSaw: b\nExpected: c\nNext: d\nProperty: host" },
      ],
    });
  });

  it("leaves the provider's text in the properties of a half-made resource", async () => {
    const fail = () =>
      Promise.reject(Object.assign(new Error("half"), { id: "a", properties: { name: "b" } }));
    const lifecycle = inEngineForm("VgpuHost", {
      ...{ check: never, diff: never, read: never, delete: never },
      ...{ create: fail, update: fail },
    });
    const kept = { message: "half", properties: { name: "b", __provider: "text" } };
    await expect(lifecycle.create({ __provider: "text" })).rejects.toMatchObject(kept);
    await expect(lifecycle.update("a", {}, { __provider: "text" })).rejects.toMatchObject(kept);
  });
});
