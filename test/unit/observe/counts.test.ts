import { describe, expect, it } from "vitest";
import { parseHostFacts } from "../../../provider/observe/observe-host.js";
import { captureText } from "../captures.js";

const where = "root@kvm-02:22";
const noNumbers = ["1e999", "-1", "NaN", "1e3", "0x10", "99999999999999999999", "16 16"];

/** Facts of a captured host on which a text stands in place of a number. */
function factsWith(kind: string, before: string, after: string) {
  const text = captureText(`observe-host.${kind}.txt`);
  expect(text).toContain(before);
  return parseHostFacts(text.replace(before, after), where);
}

describe("a count that is no number", () => {
  it.each(noNumbers)("of virtual functions is unknown: %j", (text) => {
    const line = "gpu\t0000:08:00.0\t0x25b6\t0x10de:0x157e\t0\t";
    const facts = factsWith("mdev-on-vf", `${line}16`, `${line}${text}`);
    const saw = `sriov_totalvfs of 0000:08:00.0 is "${text}", which is no number`;
    expect(facts.unread).toContainEqual({ part: "devices", saw });
    expect(facts.gpus[0]?.totalVfs).toBe(0);
  });

  it.each(noNumbers)("of available instances is unknown: %j", (text) => {
    const line = "parent-type\tmtty\tmtty-2\tDual port serial\tvfio-pci\t";
    const facts = factsWith("other-parents", `${line}10`, `${line}${text}`);
    const saw = `available_instances of mtty-2 is "${text}", which is no number`;
    expect(facts.unread).toContainEqual({ part: "devices", saw });
    expect(
      facts.mdevParents.find(({ name }) => name === "mtty")?.types.map((type) => type.availableInstances),
    ).toEqual([21, 0]);
  });

  it("is told of one device only, however many have one", () => {
    const gpus = ["a", "b"].map((address) => `gpu\t${address}\t\t\t\tmany\n`).join("");
    expect(parseHostFacts(`${gpus}end\thost\n`, where).unread).toEqual([
      { part: "devices", saw: 'sriov_totalvfs of a is "many", which is no number' },
    ]);
  });

  it("is none of a device that does not have it", () => {
    expect(parseHostFacts("gpu\ta\nend\thost\n", where).unread).toEqual([]);
  });

  it("is none where there is a number, or nothing", () => {
    for (const kind of ["legacy", "mdev-on-vf", "vendor-vfio", "other-parents"]) {
      expect(parseHostFacts(captureText(`observe-host.${kind}.txt`), where).unread, kind).toEqual([]);
    }
  });
});
