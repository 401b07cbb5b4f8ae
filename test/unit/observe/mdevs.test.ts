import { describe, expect, it } from "vitest";
import type { Holder } from "../../../provider/model/facts.js";
import { parseFactLines } from "../../../provider/observe/fact-lines.js";
import { mdevsOn } from "../../../provider/observe/parse-mdevs.js";

const linesOf = (...lines: readonly string[]) =>
  parseFactLines(`${lines.join("\n").replaceAll("|", "\t")}\nend\thost\n`, "host", "here");
const [one, two] = ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"];
const by = (file: string, ...holders: readonly Holder[]) => new Map([[file, [...holders]]]);
const desk: Holder = { pid: 7, domainName: "desk-1" };

describe("mdevs", () => {
  it("are those of the parents that were asked for, in the order of their UUIDs", () => {
    const lines = linesOf(`mdev|${two}|a|`, `mdev|${one}|b|`, "mdev|x|c|", "mdev");
    expect(mdevsOn(lines, ["a", "b"], new Map()).map(({ mdevUuid }) => mdevUuid)).toEqual([one, two]);
  });

  it("have no type, name and holder where nothing was said of that", () => {
    const bare = { mdevUuid: one, parent: "a", typeFolder: "", name: "", holders: [] };
    expect(mdevsOn(linesOf(`mdev|${one}|a`), ["a"], new Map())).toEqual([bare]);
    expect(mdevsOn(linesOf(`mdev|${one}|a|`, `mdev-type-of|${one}`), ["a"], new Map())).toEqual([bare]);
  });

  it("have the type, the name and the wait for removal that was said", () => {
    const lines = linesOf(`mdev|${one}|a|removing`, `mdev-type-of|${one}|nvidia-558|NVIDIA A40-8Q|12`);
    expect(mdevsOn(lines, ["a"], new Map())).toEqual([
      {
        mdevUuid: one,
        parent: "a",
        typeFolder: "nvidia-558",
        name: "NVIDIA A40-8Q",
        holders: [],
        removing: true,
      },
    ]);
  });

  describe("are held", () => {
    const holdersOf = (vmName: string, holders: ReadonlyMap<string, Holder[]>) =>
      mdevsOn(
        linesOf(`mdev|${one}|a|`, `mdev-type-of|${one}|t|T|12`, `mdev-vm|${one}|${vmName}`),
        ["a"],
        holders,
      )[0]?.holders;

    it("by who has their group's file open, or their own", () => {
      expect(holdersOf("", by("/dev/vfio/12", desk))).toEqual([desk]);
      expect(holdersOf("", by(one, desk))).toEqual([desk]);
      expect(holdersOf("", by("/dev/vfio/13", desk))).toEqual([]);
    });

    it("by the VM that the driver names where no process is seen", () => {
      expect(holdersOf("desk-2", new Map())).toEqual([{ pid: 0, domainName: "desk-2" }]);
      expect(holdersOf("desk-2", by(one))).toEqual([{ pid: 0, domainName: "desk-2" }]);
      expect(holdersOf("desk-2", by("/dev/vfio/12", desk))).toEqual([desk]);
    });
  });
});
