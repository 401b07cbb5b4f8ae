import { describe, expect, it } from "vitest";
import { noteCheck, othersChecked } from "../../../provider/resources/other-machines.js";

const host = (name: string) => ({ kind: "VgpuHost" as const, name, owner: "shop/dev" });
const limits = { beginMs: 60_000, endMs: 60_000, cannotBegin: () => false };

/** Whether a promise has settled when all that can happen without waiting has happened. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const turn = new Promise((resolve) => setImmediate(resolve, "turn"));
  return (await Promise.race([promise.then(() => "settled"), turn])) === "settled";
}

describe("othersChecked", () => {
  it("waits for a check that has not begun, and then for its end, however it ends", async () => {
    const waits = othersChecked([host("late")], limits);
    expect(await isSettled(waits)).toBe(false);
    let fail = (_error: Error) => {};
    const check = noteCheck(
      host("late"),
      new Promise((_, reject) => {
        fail = reject;
      }),
    );
    expect(await isSettled(waits)).toBe(false);
    fail(new Error("out of reach"));
    await expect(check).rejects.toThrow("out of reach");
    expect(await waits).toEqual([]);
  });

  it("waits no longer for one that never begins, or never ends, than it may, and names it", async () => {
    const leftOut = await othersChecked([host("left-out")], { beginMs: 1, endMs: 60_000 });
    expect(leftOut).toEqual([host("left-out")]);
    void noteCheck(host("silent"), new Promise(() => {}));
    const silent = await othersChecked([host("silent")], { beginMs: 60_000, endMs: 1 });
    expect(silent).toEqual([host("silent")]);
  });

  it("does not wait for one that cannot begin before this one has ended, nor again for one in vain", async () => {
    const heldUp = { ...limits, cannotBegin: () => true };
    expect(await othersChecked([host("behind")], heldUp)).toEqual([host("behind")]);
    expect(await othersChecked([host("behind")], limits)).toEqual([host("behind")]);
    void noteCheck(host("behind"), Promise.resolve());
    expect(await othersChecked([host("behind")], limits)).toEqual([]);
  });

  it("is told of those that have not been looked at when it takes longer", async () => {
    const told: string[] = [];
    const waits = othersChecked([host("slow")], {
      ...limits,
      silentMs: 1,
      onWait: (unseen) => {
        told.push(...unseen.map(({ name }) => name));
        void noteCheck(host("slow"), Promise.resolve());
      },
    });
    expect(await waits).toEqual([]);
    expect(told).toEqual(["slow"]);
  });

  it("does not wait where there is nobody else", async () => {
    await othersChecked([], limits);
  });
});
