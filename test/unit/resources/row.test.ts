import { afterEach, describe, expect, it, vi } from "vitest";
import { presentRow, storedRow, takeRow, withRow } from "../../../provider/resources/row.js";
import { teller } from "../../../provider/resources/tell.js";

const owner = "infra/prod";
const urnOf = (type: string, name: string) => `urn:pulumi:prod::infra::${type}::${name}`;
const rowIn = (kind: "VgpuHost" | "MdevDevice", props: Record<string, unknown>) =>
  withRow(kind, props, async () => presentRow()?.urn);

describe("the row of a resource", () => {
  it("is known of one without a parent from what is stored of it", async () => {
    const props = { owner, name: "gpu-01", connection: { host: "gpu-01.lab" } };
    expect(await rowIn("VgpuHost", props)).toBe(urnOf("pulumi-nodejs:dynamic/vgpu:VgpuHost", "gpu-01"));
    expect(storedRow("VgpuHost", props)).toEqual({});
  });

  it("of one in a component comes from the program, is no input, and is stored for a destroy", async () => {
    const urn = urnOf("lab:Desk$pulumi-nodejs:dynamic/vgpu:MdevDevice", "desk-1");
    const props = { owner, name: "desk-1", host: "gpu-01" };
    expect(takeRow("MdevDevice", { ...props, row: urn })).toEqual(props);
    expect(await rowIn("MdevDevice", props)).toBe(urn);
    expect(storedRow("MdevDevice", props)).toEqual({ row: urn });
    expect(await rowIn("MdevDevice", { ...props, name: "desk-9", row: urn })).toBe(urn);
  });

  it("of two of one name in two components is that of each", async () => {
    const at = (room: string) => ({ owner, name: "gpu", connection: { host: `${room}.lab` } });
    for (const room of ["east", "west"]) takeRow("VgpuHost", { ...at(room), row: `urn:${room}` });
    expect(await rowIn("VgpuHost", at("east"))).toBe("urn:east");
    expect(await rowIn("VgpuHost", at("west"))).toBe("urn:west");
  });
});

describe("a teller", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("prints where there is no engine, each line alone and with its resource before it", async () => {
    const said: unknown[] = [];
    vi.spyOn(console, "log").mockImplementation((line) => {
      said.push(line);
    });
    const props = { owner, name: "gpu-01" };
    await withRow("VgpuHost", props, async () => teller("gpu-01")(["2 steps", "  1 claim-host\nforged"]));
    expect(said).toEqual(["gpu-01: 2 steps", "gpu-01:   1 claim-host\\nforged"]);
  });
});
