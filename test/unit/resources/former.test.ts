import { describe, expect, it } from "vitest";
import { claimMachine } from "../../../provider/resources/claims.js";
import { formerOf, formerOwnerOf, rememberFormer } from "../../../provider/resources/former.js";

describe("names that were changed", () => {
  it("are remembered from what is stored, and from nothing else", () => {
    rememberFormer({}, { owner: "shop/dev", name: "f-new" });
    rememberFormer({ owner: "shop/dev", name: "f-same" }, { owner: "shop/dev", name: "f-same" });
    expect(formerOf({ owner: "shop/dev", name: "f-new" })).toBeNull();
    expect(formerOwnerOf({ owner: "shop/dev", name: "f-same" })).toBeNull();
    rememberFormer({ owner: "shop/test", name: "f-old" }, { owner: "shop/dev", name: "f-new" });
    expect(formerOf({ owner: "shop/dev", name: "f-new" })).toEqual({ owner: "shop/test", name: "f-old" });
    expect(formerOwnerOf({ owner: "shop/dev", name: "f-new" })).toBe("shop/test/f-old");
  });

  it("are one resource: it does not claim its machine twice, and another one does", () => {
    const claim = { kind: "VgpuHost", owner: "shop/dev" };
    expect(claimMachine("f-machine", { ...claim, owner: "shop/test", name: "c-old" })).toBeNull();
    rememberFormer({ owner: "shop/test", name: "c-old" }, { owner: "shop/dev", name: "c-new" });
    expect(claimMachine("f-machine", { ...claim, name: "c-new" })).toBeNull();
    expect(claimMachine("f-machine", { ...claim, name: "c-other" })).toMatchObject({
      code: "VGPU_CLAIM_CONFLICT",
    });
  });
});
