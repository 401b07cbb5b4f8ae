import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseVgpuTypeName, shortTypeName } from "../../../provider/model/vgpu-type.js";

const timeSliced = { migSlices: null, suffix: "" };

describe("parseVgpuTypeName", () => {
  it.each([
    ["A40-8Q", { gpu: "A40", framebufferMiB: 8192, series: "Q", ...timeSliced }],
    ["NVIDIA A40-8Q", { gpu: "A40", framebufferMiB: 8192, series: "Q", ...timeSliced }],
    ["GRID M60-0B", { gpu: "M60", framebufferMiB: 512, series: "B", ...timeSliced }],
    ["T4-2B4", { gpu: "T4", framebufferMiB: 2048, series: "B", migSlices: null, suffix: "4" }],
    ["RTX6000-Ada-6C", { gpu: "RTX6000-Ada", framebufferMiB: 6144, series: "C", ...timeSliced }],
    ["NVIDIA RTX Pro 6000 Blackwell DC-4Q", { gpu: "DC", framebufferMiB: 4096, series: "Q", ...timeSliced }],
    ["a40-8q", { gpu: "a40", framebufferMiB: 8192, series: "Q", ...timeSliced }],
    ["A100-1-5C", { gpu: "A100", framebufferMiB: 5120, series: "C", migSlices: 1, suffix: "" }],
    ["H100-1-10CME", { gpu: "H100", framebufferMiB: 10240, series: "C", migSlices: 1, suffix: "ME" }],
    ["h100-1-10cme", { gpu: "h100", framebufferMiB: 10240, series: "C", migSlices: 1, suffix: "ME" }],
    ["grid m60-0b", { gpu: "m60", framebufferMiB: 512, series: "B", ...timeSliced }],
    ["A30-2-12CNOME", { gpu: "A30", framebufferMiB: 12288, series: "C", migSlices: 2, suffix: "NOME" }],
    ["6000D-84Q", { gpu: "6000D", framebufferMiB: 86016, series: "Q", ...timeSliced }],
  ])("reads %s", (name, parsed) => {
    expect(parseVgpuTypeName(name)).toEqual(parsed);
  });

  it.each([
    ["A40"],
    ["A40-8"],
    ["A40-8X"],
    ["A40-8 Q"],
    ["A40_8Q"],
    ["A40-08Q"],
    ["A40-8Q4"],
    ["A40-8Q-"],
    ["A100-0-5C"],
    ["A100-8-5C"],
    ["A100-1-0C"],
    ["A100-1-5CGFX"],
    ["nvidia-558"],
    ["-8Q"],
    ["A40-8192Q"],
    ["A100- 1-5C"],
    ["A100 -1-5C"],
    ["NVIDIA A100- 1-5C"],
    ["my type is A40-8Q"],
    ["NVIDIA my A40-8Q"],
    ["NVIDIA RTX my type is A40-8Q"],
    ["NVIDIA RTX Pro 6000 Blackwell my A40-8Q"],
    ["A40 A40-8Q"],
    ["NVIDIA  A40-8Q"],
    ["NVIDIA\tA40-8Q"],
    [" A40-8Q"],
    ["A40-8Q "],
    ["A40-8Q\n"],
    ["NVIDIA"],
    ["NVIDIA RTX A40"],
    [""],
  ])("takes %j for no type's name", (name) => {
    expect(parseVgpuTypeName(name)).toBeNull();
  });

  it.each([
    "NVIDIA DC-4Q",
    "GRID DC-4Q",
    "nvidia dc-4q",
    "NVIDIA RTX 6000 DC-4Q",
    "NVIDIA RTX A6000 DC-4Q",
    "NVIDIA RTX PRO 6000 DC-4Q",
    "NVIDIA RTX Pro 6000 Blackwell DC-4Q",
    "GRID RTX 6000 Ada DC-4Q",
  ])("takes the words before the name in %j for a brand", (name) => {
    expect(parseVgpuTypeName(name)).toMatchObject({ framebufferMiB: 4096, series: "Q" });
  });

  it.each([
    "xNVIDIA DC-4Q",
    "my NVIDIA DC-4Q",
    "NVIDIA GRID DC-4Q",
    "TESLA DC-4Q",
    "NVIDIA RTX DC-4Q",
    "NVIDIA RTX PRO DC-4Q",
    "NVIDIA RTX PRO6000 DC-4Q",
    "NVIDIA RTX 600 DC-4Q",
    "NVIDIA RTX 60000 DC-4Q",
    "NVIDIA RTX AB6000 DC-4Q",
    "NVIDIA RTX A60x0 DC-4Q",
    "NVIDIA RTX Pro 6000 Black well DC-4Q",
    "NVIDIA RTX Pro 6000 B1ackwell DC-4Q",
    "NVIDIA RTX Pro 6000 BlackwellDC-4Q x",
  ])("takes the words before the name in %j for none", (name) => {
    expect(parseVgpuTypeName(name)).toBeNull();
  });

  const gpu = fc.constantFrom("A40", "T4", "RTX6000-Ada", "DC", "H100XM", "6000D");
  const series = fc.constantFrom("A", "B", "C", "Q");

  it("gives back the parts a time-sliced name was made of, whatever words precede it", () => {
    fc.assert(
      fc.property(
        gpu,
        fc.integer({ min: 0, max: 999 }),
        series,
        fc.constantFrom("", "NVIDIA ", "GRID "),
        (g, size, s, brand) => {
          expect(parseVgpuTypeName(`${brand}${g}-${size}${s}`)).toEqual({
            gpu: g,
            framebufferMiB: size === 0 ? 512 : size * 1024,
            series: s,
            ...timeSliced,
          });
        },
      ),
    );
  });

  it("gives back the parts a MIG-backed name was made of", () => {
    const suffix = fc.constantFrom("", "ME", "NOME", "MEALL");
    const size = fc.integer({ min: 1, max: 999 });
    fc.assert(
      fc.property(
        gpu,
        fc.integer({ min: 1, max: 7 }),
        size,
        series,
        suffix,
        (g, migSlices, gigabytes, s, end) => {
          const parsed = parseVgpuTypeName(`${g}-${migSlices}-${gigabytes}${s}${end}`);
          expect(parsed).toEqual({
            gpu: g,
            framebufferMiB: gigabytes * 1024,
            series: s,
            migSlices,
            suffix: end,
          });
        },
      ),
    );
  });

  it("answers any text without throwing, and only with a size of 512 MiB or whole GiB", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const size = parseVgpuTypeName(text)?.framebufferMiB ?? 512;
        expect(size === 512 || (size >= 1024 && size % 1024 === 0)).toBe(true);
      }),
    );
  });
});

describe("shortTypeName", () => {
  it("is the last word of a full name", () => {
    expect(shortTypeName("NVIDIA RTX Pro 6000 Blackwell DC-1-2Q ")).toBe("DC-1-2Q");
  });
});
