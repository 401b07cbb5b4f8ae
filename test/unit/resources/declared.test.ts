import { expect, it } from "vitest";
import { declaredAround, takeDeclared, wasChecked } from "../../../provider/resources/declared.js";

it("what is declared around a host is not that around a guest of its name", () => {
  const inputs = { owner: "shop/dev", name: "both" };
  const around = (kind: "VgpuHost" | "GuestDriverInstall", resource: string) => ({
    ...{ hosts: [], vgpus: [], guests: [] },
    others: [{ kind, resource }],
  });
  const [ofHost, ofGuest] = [around("GuestDriverInstall", "desk"), around("VgpuHost", "gpu-01")];
  takeDeclared("GuestDriverInstall", { ...inputs, declared: ofGuest });
  expect(wasChecked("VgpuHost", inputs)).toBe(false);
  expect(takeDeclared("VgpuHost", { ...inputs, declared: ofHost })).toEqual({
    inputs,
    program: ofHost,
    looks: [],
  });
  expect(declaredAround("GuestDriverInstall", inputs)).toEqual(ofGuest);
});

it("what is declared around the vGPUs of a GPU is one and the same, handed down as one text", () => {
  const vgpus = [{ resource: "seat-1" }, { resource: "seat-2" }];
  const declared = JSON.stringify({ hosts: [], vgpus, guests: [] });
  const [first, second] = vgpus.map(({ resource }) => {
    const inputs = { owner: "shop/dev", host: "gpu-01", name: resource };
    return takeDeclared("MdevDevice", { ...inputs, declared }).program;
  });
  expect(first).toEqual({ hosts: [], vgpus, guests: [] });
  expect(second?.vgpus).toBe(first?.vgpus);
});

it("a resource around which nothing is handed down does not count as checked", () => {
  const inputs = { owner: "shop/dev", host: "gpu-01", name: "alone" };
  for (const declared of [undefined, null]) takeDeclared("MdevDevice", { ...inputs, declared });
  expect(wasChecked("MdevDevice", inputs)).toBe(false);
});
