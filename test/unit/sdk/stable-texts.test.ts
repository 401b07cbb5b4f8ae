import { describe, expect, it } from "vitest";
import * as provider from "../../../provider/index.js";
import { providerText } from "../../../sdk/provider-text.js";
import { vgpuUuid } from "../../../sdk/vgpu-uuid.js";

describe("providerText", () => {
  it("is what every stored resource holds: it is promised for ever", () => {
    expect(providerText("vgpuHost")).toBe('exports.handler=()=>require("pulumi-vgpu/provider").vgpuHost');
    expect(providerText("mdevDevice")).toBe('exports.handler=()=>require("pulumi-vgpu/provider").mdevDevice');
    expect(providerText("guestDriverInstall")).toBe(
      'exports.handler=()=>require("pulumi-vgpu/provider").guestDriverInstall',
    );
  });

  it("names a lifecycle with all that the engine asks for", () => {
    const methods = ["check", "create", "delete", "diff", "read", "update"];
    for (const lifecycle of [provider.vgpuHost, provider.mdevDevice, provider.guestDriverInstall]) {
      expect(Object.keys(lifecycle).sort()).toEqual(methods);
    }
  });
});

describe("vgpuUuid", () => {
  it("is the same for ever for the same project, stack and resource", () => {
    expect(vgpuUuid("shop", "dev", "desk-1")).toBe("5e2ba8fb-a65c-5b09-9de1-dd54a9c9d8c7");
  });

  it("has the form of a UUID of version 5", () => {
    expect(vgpuUuid("a", "b", "c")).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  it("tells names apart that look alike when they are put together", () => {
    const uuids = [
      vgpuUuid("a", "b", "c"),
      vgpuUuid("a/b", "c", ""),
      vgpuUuid("a", "b,c", ""),
      vgpuUuid("", "a", "bc"),
    ];
    expect(new Set(uuids).size).toBe(4);
  });
});
