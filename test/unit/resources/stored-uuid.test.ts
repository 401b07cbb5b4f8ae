import { describe, expect, it } from "vitest";
import { withStoredUuid } from "../../../provider/resources/stored-uuid.js";

const stored = "11111111-2222-4333-8444-555555555555";
const derived = "99999999-2222-4333-8444-555555555555";

describe("withStoredUuid", () => {
  it("keeps the UUID that a vGPU has, where the program declares none", () => {
    const news = { owner: "shop/dev", name: "u-seat", uuid: derived, uuidDerived: true };
    expect(withStoredUuid({}, news)).toEqual({ owner: "shop/dev", name: "u-seat", uuid: derived });
    expect(withStoredUuid({ uuid: stored, name: "u-desk" }, news)).toMatchObject({ uuid: stored });
  });

  it("keeps it through the second check of a resource that is replaced, which comes without what is stored", () => {
    const news = { owner: "shop/dev", name: "u-moved", uuid: derived, uuidDerived: true };
    withStoredUuid({ uuid: stored }, news);
    expect(withStoredUuid({}, news)).toMatchObject({ uuid: stored });
    expect(withStoredUuid({}, { ...news, owner: "shop/prod" })).toMatchObject({ uuid: derived });
  });

  it("takes the UUID that the program declares", () => {
    const news = { owner: "shop/dev", name: "u-own", uuid: derived };
    expect(withStoredUuid({ uuid: stored }, news)).toEqual(news);
  });
});
