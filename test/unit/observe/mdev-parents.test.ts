import { describe, expect, it } from "vitest";
import { parseHostFacts } from "../../../provider/observe/observe-host.js";
import { captureText } from "../captures.js";

const facts = parseHostFacts(captureText("observe-host.other-parents.txt"), "root@kvm-04:22");
const uuidOf = (number: number) => `1f0c3a52-8c4e-5b6f-9a01-00000000000${number}`;

describe("parents of mdevs that are not NVIDIA's", () => {
  it("are read in the order of their names, with their types", () => {
    expect(facts.gpus).toEqual([]);
    expect(facts.mdevParents.map(({ name, types }) => [name, types])).toEqual([
      [
        "0.0.0313",
        [
          {
            mdevType: "vfio_ccw-io",
            name: "I/O subchannel (Non-QDIO)",
            description: null,
            deviceApi: "vfio-ccw",
            availableInstances: 1,
          },
        ],
      ],
      [
        "0000:00:02.0",
        [
          {
            mdevType: "i915-GVTg_V5_4",
            name: "GVTg_V5_4",
            description:
              "low_gm_size: 128MB, high_gm_size: 512MB, fence: 4, resolution: 1920x1200, weight: 4",
            deviceApi: "vfio-pci",
            availableInstances: 1,
          },
        ],
      ],
      [
        "mtty",
        [
          {
            mdevType: "mtty-1",
            name: "Single port serial",
            description: null,
            deviceApi: "vfio-pci",
            availableInstances: 21,
          },
          {
            mdevType: "mtty-2",
            name: "Dual port serial",
            description: null,
            deviceApi: "vfio-pci",
            availableInstances: 10,
          },
        ],
      ],
    ]);
  });

  it("are read with their mdevs, by the names of their types' directories, and who holds them", () => {
    const mtty = facts.mdevParents.find(({ name }) => name === "mtty");
    expect(mtty?.vgpus).toEqual([
      {
        mdevUuid: uuidOf(1),
        parent: "mtty",
        vgpuTypeId: null,
        typeName: "mtty-2",
        holders: [{ pid: 4711, domainName: "desk-1" }],
      },
      { mdevUuid: uuidOf(2), parent: "mtty", vgpuTypeId: null, typeName: "mtty-1", holders: [] },
    ]);
    const types = facts.mdevParents.map(({ vgpus }) => vgpus.map(({ typeName }) => typeName));
    expect(types[1]).toEqual(["i915-GVTg_V5_4"]);
  });

  it("carry what the manifest notes without a GPU", () => {
    expect(facts.manifest.vgpus).toEqual([
      {
        uuid: uuidOf(1),
        state: "done",
        owner: "shop/dev",
        name: "desk-1",
        carrier: "mtty",
        parent: "mtty",
        typeName: "mtty-2",
        keep: false,
        adopted: false,
      },
    ]);
  });
});
