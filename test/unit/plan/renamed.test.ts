import { describe, expect, it } from "vitest";
import { type ErrorParts, errorText } from "../../../provider/model/errors.js";
import { claimRefusals } from "../../../provider/plan/driver/driver-refusals.js";
import { planGuest } from "../../../provider/plan/guest/plan-guest.js";
import { planHost } from "../../../provider/plan/host/plan-host.js";
import { desiredGuest, desiredHost, guestFacts, stepTexts } from "./facts.js";
import { finishedHost } from "./finished-host.js";
import { converged, emptyWorld } from "./vgpu-world.js";
import { interfaces, liveTexts, vgpuOf, vgpusOf, worldWith } from "./vgpus.js";

describe("a machine whose resource was renamed", () => {
  const formerOwner = "shop/test/old";

  it("is claimed anew, and keeps what was noted of it when it was taken on", () => {
    const host = finishedHost();
    const facts = { ...host, manifest: { ...host.manifest, owner: formerOwner, nouveauFound: true } };
    const plan = planHost(desiredHost({ formerOwner }), facts);
    expect(stepTexts(plan)).toEqual(["claim-host gpu-01: it is shop/test/old, which was renamed"]);
    expect(plan.steps).toMatchObject([{ nouveauLoaded: true, formerStacks: [] }]);
    expect(planHost(desiredHost({ formerOwner: "shop/test/other" }), facts).refusals).toHaveLength(1);
  });

  it("is told the way by which its new name counts: in its own stack that is aliases", () => {
    const host = finishedHost();
    const facts = { ...host, manifest: { ...host.manifest, owner: "shop/dev/old" } };
    const [refusal] = claimRefusals({ name: "gpu-01", owner: "shop/dev/gpu-01" }, facts, "host");
    expect(refusal?.next).toBe(
      'manage it in one place: if it is old under another name, give it the option aliases: [{ name: "old" }]; if not, destroy it there; or, when shop/dev/old is gone for good, remove /etc/pulumi-vgpu/host on the host',
    );
  });

  it("notes the stacks for which vGPUs are noted yet: the boot unit restores them", () => {
    const host = finishedHost();
    const [first = vgpuOf(1, ""), second = vgpuOf(2, "")] = vgpusOf(emptyWorld("mdev-on-pf"), "8Q", {
      count: 2,
    });
    const noted = worldWith(emptyWorld("mdev-on-pf"), [first, second]).records;
    const vgpus = noted.map((record, index) => ({ ...record, owner: `shop/${["oldest", "old"][index]}` }));
    const manifest = {
      ...host.manifest,
      owner: "shop/old/x",
      formerStacks: ["shop/oldest", "shop/done"],
      vgpus,
    };
    const plan = planHost(desiredHost({ formerOwner: "shop/old/x" }), { ...host, manifest });
    expect(plan.steps).toMatchObject([{ formerStacks: ["shop/oldest", "shop/old"] }]);
  });

  it("is claimed anew as a guest", () => {
    const guest = guestFacts();
    const facts = { ...guest, manifest: { ...guest.manifest, owner: formerOwner, nouveauFound: true } };
    const plan = planGuest(desiredGuest({ formerOwner }), facts);
    expect(plan.steps[0]).toMatchObject({
      kind: "claim-guest",
      cause: "it is shop/test/old, which was renamed",
      nouveauLoaded: true,
    });
  });
});

describe.each(interfaces)("a vGPU that was renamed, on %s", (kind) => {
  const world = emptyWorld(kind);
  const [first = vgpuOf(1, ""), second = vgpuOf(2, "")] = vgpusOf(world, "8Q", { count: 2 });
  const before = worldWith(world, [first, second]);

  it("stays, and is noted under its new name", () => {
    const former = { owner: first.owner, name: first.name };
    const self = { ...first, name: "seat-1", former };
    const { world: after, refusals } = converged(self, [self, second], before);
    expect(refusals).toEqual([]);
    expect(after.live).toEqual(before.live);
    expect(after.records.map(({ name }) => name).sort()).toEqual(["desk-2", "seat-1"]);
  });

  it("stays where its stack was renamed, and what another one makes leaves it alone", () => {
    const former = { owner: "shop/dev", name: "desk-2" };
    const self = { ...second, owner: "shop/prod", former };
    const derived = { uuidDerived: true, uuid: "00000000-0000-5000-8000-000000000000", owner: "shop/prod" };
    const sibling = { ...first, ...derived };
    const changed = { ...self, type: self.type.replace("8Q", "8C") };
    const { world: after, refusals } = converged(changed, [changed, sibling], before);
    expect(refusals).toEqual([]);
    expect(liveTexts(after)).toEqual(["desk-1 8Q", "desk-2 8C"]);
  });

  it("is left alone by its siblings before its own turn: its old name says which it is", () => {
    const [smaller = vgpuOf(2, "")] = vgpusOf(world, "4Q", { count: 1, first: 2 });
    const renamed = { ...first, name: "seat-1", formerNames: ["desk-1"], uuidDerived: true, uuid: "another" };
    const { refusals } = converged(smaller, [smaller, renamed], before);
    expect(refusals).toMatchObject([{ code: "VGPU_SIZE_CONFLICT" }]);
  });

  it("leaves its UUID to none that is new and made of its former name", () => {
    const renamed = worldWith(world, [{ ...first, name: "seat-1" }]);
    const fresh = { ...first, isNewByName: true };
    const [refusal] = converged(fresh, [fresh], renamed).refusals;
    expect(errorText(refusal as ErrorParts)).toBe(
      `VGPU_CLAIM_CONFLICT gpu-01 ${first.carrier} desk-1: the UUID that is made from this name is that of seat-1
Saw: ${first.uuid} is noted for seat-1, which was renamed (/etc/pulumi-vgpu/vgpu/${first.uuid})
Expected: a UUID that no other vGPU of the host has
Next: declare a uuid for desk-1: any that uuidgen prints`,
    );
    expect(converged({ ...first, isNewByName: false }, [first], renamed).refusals).toEqual([]);
    expect(converged(fresh, [fresh], worldWith(world, [first])).refusals).toEqual([]);
  });

  it("is another's where neither the present nor the stored name is its owner's", () => {
    const self = { ...first, owner: "shop/prod", former: { owner: "shop/test", name: "desk-1" } };
    expect(converged(self, [self], before).refusals).toMatchObject([{ code: "VGPU_FOREIGN" }]);
  });
});
