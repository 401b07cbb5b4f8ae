import { expect, it } from "vitest";
import { takeDeclared } from "../../../provider/resources/declared.js";
import { requestOf } from "../../../provider/resources/vgpu-request.js";
import type { MdevDeviceInputs } from "../../../provider/schema/inputs.js";

it("the plan of a vGPU is told which of its host the program does not know yet", () => {
  const late = [
    { resource: "desk-2", host: "gpu-01", uuid: "", formerNames: [] },
    { resource: "desk-3", host: "gpu-02", uuid: "", formerNames: [] },
  ];
  const declared = { hosts: [], vgpus: [], guests: [], late };
  const uuid = "aaaaaaaa-2222-4333-8444-555555555555";
  const own = {
    name: "desk-1",
    owner: "shop/dev",
    host: "gpu-01",
    gpu: "0000:3b:00.0",
    type: "A40-4Q",
    uuid,
  };
  const { inputs } = takeDeclared("MdevDevice", { ...own, declared });
  expect(requestOf(inputs as unknown as MdevDeviceInputs).late).toEqual(late.slice(0, 1));
});
