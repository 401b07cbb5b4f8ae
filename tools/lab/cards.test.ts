import { describe, expect, it } from "vitest";
import { cardLine, cardsText, labBoards } from "./cards.js";
import { labKinds } from "./kinds.js";

describe("cardsText", () => {
  it("puts an A40 with 32 virtual functions into the slot of the ampere kind", () => {
    expect(cardsText("ampere")).toBe(
      "slot=0000:41:00.0 device=2235 subsystem=145a class=0302 framebuffer=49152 vfs=32 display=off " +
        "tool=displaymodeselector name=NVIDIA A40\n",
    );
  });

  it("marks a board that shows an SR-IOV capability and makes no function, and says nothing of display modes it has not", () => {
    expect(cardsText("turing")).toBe(
      "slot=0000:3b:00.0 device=1eb8 subsystem=12a2 class=0302 framebuffer=16384 vfs=16 legacy=1 name=Tesla T4\n",
    );
  });

  it("ships the RTX A6000 display-enabled", () => {
    expect(cardsText("display")).toContain("class=0300 framebuffer=49152 vfs=32 display=enabled ");
  });

  it("says which board can MIG", () => {
    expect(cardsText("mig")).toContain("device=20f1 ");
    expect(cardsText("mig")).toContain(" mig=1 name=NVIDIA A100 PCIe\n");
  });

  it("shows a guest its vGPU as the board, with the type's number and what it sees of the framebuffer", () => {
    expect(cardsText("guest")).toMatch(
      /^slot=0000:06:00\.0 device=2235 subsystem=[0-9a-f]{4} class=0300 framebuffer=7\d{3} guest=562 name=NVIDIA A40-8Q\n$/,
    );
  });

  it("leaves a text that is not empty where there is no card: QEMU takes no empty item", () => {
    expect(cardsText("mtty")).toBe("# no card\n");
  });

  it("has lines of one form for every kind", () => {
    for (const kind of Object.keys(labKinds) as (keyof typeof labKinds)[]) {
      for (const line of cardsText(kind).trimEnd().split("\n")) {
        expect(line).toMatch(/^(?:#.*|slot=0000:[0-9a-f]{2}:00\.0( [a-z]+=\S+)+ name=\S.*)$/);
      }
    }
  });
});

describe("cardLine", () => {
  it("moves a board to another slot", () => {
    expect(cardLine("Tesla T4", "0000:af:00.0")).toMatch(/^slot=0000:af:00\.0 device=1eb8 /);
  });

  it("knows every board of the lab", () => {
    expect(labBoards.map((name) => cardLine(name)).filter((line) => line.includes("device=10de"))).toEqual(
      [],
    );
  });
});
