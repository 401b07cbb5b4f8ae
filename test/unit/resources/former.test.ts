import { describe, expect, it } from "vitest";
import { claimMachine } from "../../../provider/resources/claims.js";
import { formerOf, formerOwnerOf, isStored, rememberFormer } from "../../../provider/resources/former.js";

describe("names that were changed", () => {
  it("are remembered from what is stored, and from nothing else", () => {
    const [same, renamed] = ["f-same", "f-new"].map((name) => ({ owner: "shop/dev", name }));
    if (same === undefined || renamed === undefined) throw new Error("no names");
    rememberFormer("VgpuHost", {}, renamed);
    rememberFormer("VgpuHost", same, same);
    expect(formerOf("VgpuHost", renamed)).toBeNull();
    expect(formerOwnerOf("VgpuHost", same)).toBeNull();
    rememberFormer("VgpuHost", { owner: "shop/test", name: "f-old" }, renamed);
    expect(formerOf("VgpuHost", renamed)).toEqual({ owner: "shop/test", name: "f-old" });
    expect(formerOwnerOf("VgpuHost", renamed)).toBe("shop/test/f-old");
  });

  it("are one resource: it does not claim its machine twice, and another one does", () => {
    const claim = { kind: "VgpuHost" as const, owner: "shop/dev" };
    expect(claimMachine("f-machine", { ...claim, owner: "shop/test", name: "c-old" })).toBeNull();
    rememberFormer("VgpuHost", { owner: "shop/test", name: "c-old" }, { owner: "shop/dev", name: "c-new" });
    expect(claimMachine("f-machine", { ...claim, name: "c-new" })).toBeNull();
    expect(claimMachine("f-machine", { ...claim, name: "c-other" })).toMatchObject({
      code: "VGPU_CLAIM_CONFLICT",
    });
  });

  it("are those of one kind: a guest that is called as a renamed vGPU is no renamed guest", () => {
    const [before, now] = ["k-old", "k-new"].map((name) => ({ owner: "shop/dev", name }));
    if (before === undefined || now === undefined) throw new Error("no names");
    rememberFormer("MdevDevice", before, now);
    expect(isStored("MdevDevice", now)).toBe(true);
    expect(isStored("GuestDriverInstall", now)).toBe(false);
    expect(formerOwnerOf("GuestDriverInstall", now)).toBeNull();
    const kind = "GuestDriverInstall";
    expect(claimMachine("k-machine", { kind, ...before })).toBeNull();
    expect(claimMachine("k-machine", { kind, ...now })).toMatchObject({ code: "VGPU_CLAIM_CONFLICT" });
  });
});
