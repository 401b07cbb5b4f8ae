import { describe, expect, it } from "vitest";
import { errorText } from "../../../provider/model/errors.js";
import type { MdevParentFacts, MdevType } from "../../../provider/model/facts.js";
import {
  mdevTypeRefusal,
  noParentRefusal,
  unknownFitRefusal,
} from "../../../provider/plan/vgpu/parent-refusals.js";
import { knownVgpus } from "../../../provider/plan/vgpu/vgpu-view.js";
import { bootFiles, gpuFacts, hostFacts } from "./facts.js";
import { mdevOf } from "./parent-world.js";
import { uuidOf } from "./vgpus.js";

const typeOf = (mdevType: string, more: Partial<MdevType> = {}): MdevType => ({
  mdevType,
  name: "",
  description: null,
  deviceApi: "vfio-pci",
  availableInstances: 1,
  ...more,
});
const parentOf = (name: string, types: readonly MdevType[] = []): MdevParentFacts => ({
  name,
  vgpuInterface: "mdev-on-parent",
  types,
  vgpus: [],
});

describe("a parent that is not there", () => {
  const self = mdevOf(1, "i915-1", { carrier: "0000:00:02.0" });
  const load = "load the driver of 0000:00:02.0, and let the host load it at each boot (/etc/modules-load.d)";
  const said = (facts: Parameters<typeof hostFacts>[0]) => {
    const { saw, next, property } = noParentRefusal(self, hostFacts(facts));
    return [saw, next, property];
  };

  it("is told with the parents that are, or that there are none", () => {
    expect(said({})).toEqual(["no parent in /sys/class/mdev_bus but NVIDIA's", load, "parent"]);
    expect(said({ mdevParents: ["mtty", "0.0.0313"].map((name) => parentOf(name)) })).toEqual([
      "mtty, 0.0.0313 in /sys/class/mdev_bus",
      `declare one of these, or ${load}`,
      "parent",
    ]);
  });

  it("is a function of an NVIDIA GPU only where that GPU has it", () => {
    const functions = ["0000:00:01.7", "0000:00:02.0"].map((vfAddress, vfIndex) => ({
      vfAddress,
      vfIndex,
      driver: null,
    }));
    const gpu = gpuFacts({ virtualFunctions: functions });
    const other = gpuFacts({ address: "0000:af:00.0" });
    expect(said({ gpus: [other, gpu] })).toEqual([
      "it is a function of the NVIDIA GPU 0000:3b:00.0 (10de:2235)",
      'give gpu: "0000:3b:00.0" and type in place of parent and mdevType',
      "parent",
    ]);
    const another = gpuFacts({ virtualFunctions: functions.slice(0, 1) });
    expect(said({ gpus: [other, another] })[0]).toBe("no parent in /sys/class/mdev_bus but NVIDIA's");
  });
});

describe("an mdev type that the parent does not offer", () => {
  it("is told with what is said of each that it offers", () => {
    const types = [
      typeOf("a-1"),
      typeOf("a-2", { name: "a-2", description: "256 MB" }),
      typeOf("a-3", { name: "Three" }),
      typeOf("a-4", { name: "Four", description: "1 GB" }),
    ];
    const refusal = mdevTypeRefusal(mdevOf(1, "a-9"), parentOf("mtty", types));
    expect(
      errorText(refusal),
    ).toBe(`VGPU_UNKNOWN_TYPE kvm-01 mtty serial-1: the parent offers no mdev type a-9
Saw: a-1, a-2 (256 MB), a-3 (Three), a-4 (Four: 1 GB) in /sys/class/mdev_bus/mtty/mdev_supported_types
Expected: one of the names there
Next: did you mean a-1 or a-2?`);
    expect(refusal.property).toBe("mdevType");
  });

  it("is told of a parent that offers none", () => {
    const { saw, next } = mdevTypeRefusal(mdevOf(1, "a-9"), parentOf("mtty"));
    expect(saw).toBe("no types in /sys/class/mdev_bus/mtty/mdev_supported_types");
    expect(next).toBe("look at what the driver logged");
  });
});

describe("mdevs of which nobody says whether they fit", () => {
  it("are told with what to take out, which are those of its type and those that would go, in their order", () => {
    const vgpus = [4, 3].map((number) => ({
      mdevUuid: uuidOf(number),
      parent: "mtty",
      vgpuTypeId: null,
      typeName: "x-1",
      holders: [],
    }));
    const carrier = { ...parentOf("mtty", [typeOf("x-2")]), vgpus };
    const facts = hostFacts({ mdevParents: [carrier] });
    const known = knownVgpus(carrier, facts);
    const declared = [mdevOf(2, "x-2"), mdevOf(1, "x-2"), mdevOf(3, "x-2"), mdevOf(5, "x-3")];
    const [self = mdevOf(2, "x-2")] = declared;
    const context = { self, declared, bootFiles, carrier, facts, typeName: "x-2", known };
    const refusal = unknownFitRefusal(context, { available: 0, missing: declared, inQuestion: known });
    expect(refusal.saw).toBe(
      `available_instances of x-2 is 0; live: ${uuidOf(3)} (x-1), ${uuidOf(4)} (x-1); declared beside them: serial-1 (x-2), serial-2 (x-2), serial-5 (x-3); of what its types are made, the driver does not say`,
    );
    expect(refusal.next).toBe(
      `to try it: take serial-1, serial-2, serial-3 out of the program and run, which removes ${uuidOf(3)} (x-1), ${uuidOf(4)} (x-1); put back what is to be there and run again: the host says then whether it fits`,
    );
    expect(refusal.property).toBe("mdevType");
  });
});
