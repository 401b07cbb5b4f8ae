import { describe, expect, it } from "vitest";
import { cardsText } from "./cards.js";
import { slotArguments } from "./slots.js";

describe("slotArguments", () => {
  it("gives the card at bus 41 a root port on a host bridge that begins at bus 40", () => {
    expect(slotArguments(cardsText("ampere"))).toEqual([
      ...["-device", "pxb-pcie,id=host0,bus=pcie.0,bus_nr=64"],
      ...["-device", "pcie-root-port,id=slot0,bus=host0,chassis=1,slot=1,hotplug=off"],
    ]);
  });

  it("gives a machine without cards no slot", () => {
    expect(slotArguments(cardsText("mtty"))).toEqual([]);
  });
});
