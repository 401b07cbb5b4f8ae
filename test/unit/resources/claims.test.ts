import { describe, expect, it } from "vitest";
import { errorText } from "../../../provider/model/errors.js";
import { claimMachine, noteStored } from "../../../provider/resources/claims.js";

const host = (name: string) => ({ kind: "VgpuHost" as const, name, owner: "shop/dev" });
const guest = (name: string) => ({ kind: "GuestDriverInstall" as const, name, owner: "shop/dev" });

describe("claimMachine", () => {
  it("refuses a second resource on one machine, whoever comes first, and not the same one again", () => {
    expect(claimMachine("machine-1", host("gpu-02"))).toBeNull();
    expect(claimMachine("machine-1", host("gpu-02"))).toBeNull();
    expect(claimMachine("machine-1", host("gpu-01"))).toMatchObject({
      code: "VGPU_CLAIM_CONFLICT",
      where: "gpu-01, gpu-02",
      saw: "gpu-01 and gpu-02 reach the machine-id machine-1",
      property: "connection",
    });
  });

  it.each([
    ["host", host("gpu-01"), guest("desk-1")],
    ["guest", guest("desk-1"), host("gpu-01")],
  ])("refuses a machine as host and guest: the %s comes first", (title, first, second) => {
    expect(claimMachine(`machine-${title}`, first)).toBeNull();
    const refusal = claimMachine(`machine-${title}`, second);
    expect(refusal && errorText(refusal)).toBe(
      `VGPU_CLAIM_CONFLICT desk-1, gpu-01: a VgpuHost and a GuestDriverInstall are one machine
Saw: desk-1 and gpu-01 reach the machine-id machine-${title}
Expected: the guest's connection leads into a VM, the host's to the machine that runs it
Next: correct the connection of the one that leads to the wrong machine; cloned machines need machine-ids of their own (systemd-machine-id-setup)`,
    );
  });

  it("refuses it to the first one, too, once another was refused it: nobody knows which is right", () => {
    expect(claimMachine("machine-2", guest("desk-1"))).toBeNull();
    expect(claimMachine("machine-2", host("gpu-01"))).not.toBeNull();
    expect(claimMachine("machine-2", guest("desk-1"))).toMatchObject({
      code: "VGPU_CLAIM_CONFLICT",
      where: "desk-1, gpu-01",
    });
  });

  it("sees a stored resource of the same kind, and lets one of the other kind go", () => {
    noteStored("machine-3", guest("old"));
    noteStored("machine-3", guest("older"));
    expect(claimMachine("machine-3", host("gpu-01"))).toBeNull();
    expect(claimMachine("machine-4", guest("old"))).toBeNull();
    noteStored("machine-5", guest("old"));
    expect(claimMachine("machine-5", guest("new"))).toMatchObject({ where: "new, old" });
    expect(claimMachine("machine-5", guest("old"))).toBeNull();
  });
});
