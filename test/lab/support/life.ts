import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LabKind } from "../../../tools/lab/kinds.js";
import { oneLine } from "../../engine/support/messages.js";
import { mustSucceed, type StackRun } from "../../engine/support/stack.js";
import type { FleetHost } from "../../fleet/fleet.js";
import { defineDomain, holdingDomains, mustRun, startDomain, stopDomain, undefineDomain } from "./domain.js";
import { expectInUse } from "./in-use.js";
import { type LabHost, openLabHost } from "./lab-host.js";
import { liveTypes } from "./live.js";
import { changesFromNow, differences, type Tree, treeOf } from "./tree.js";

/** A host's kind and what its story gives it. */
export interface Life {
  readonly kind: Exclude<LabKind, "mtty" | "guest">;
  readonly gpu: string;
  /** Types by their short names; as many vGPUs as `count` fit of each. */
  readonly type: string;
  readonly otherType: string;
  readonly count: number;
  /** What the first up stumbles over, once the driver is there: what it has to name, and the operator's remedy. */
  readonly hindrance?: {
    readonly named: readonly RegExp[];
    readonly remove: (host: LabHost) => Promise<void>;
  };
  /** Somebody changes the host by hand; returns what the preview has to name. */
  readonly drift: (host: LabHost) => Promise<readonly (string | RegExp)[]>;
  /** What only the operator can mend of the drift: until then preview and up are refused with what it has to name. */
  readonly repair?: (host: LabHost) => Promise<void>;
  /** Chapters of this kind only, before the host is destroyed. */
  readonly more?: (tale: Tale) => void;
}

/** A life as its own chapters see it. */
export interface Tale {
  /** Not before the chapters run. */
  readonly host: () => LabHost;
  /** Declares as many vGPUs of this type; all that the life has unless said otherwise. */
  readonly declare: (type: string, count?: number) => Promise<void>;
  readonly up: () => Promise<StackRun>;
  /** Everything is as declared: another run finds nothing to do. */
  readonly unchanged: (count?: number) => Promise<void>;
}

const minutes = 60_000;

/** From a bare host to a bare host, as one test a chapter; each stands on the ones before. */
export function tellLife(life: Life): void {
  describe(`a ${life.kind} host with a kernel of its own`, { timeout: 15 * minutes }, () => {
    let host: LabHost;
    let bare: Tree;
    const vgpus = (type: string, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`desk-${index + 1}`, type]));
    const declare = (type: string, count = life.count) =>
      host.declare({ gpu: life.gpu, vgpus: vgpus(type, count) } satisfies Omit<FleetHost, "connection">);
    const all = (type: string) => Array.from({ length: life.count }, () => type);
    const up = (...args: string[]) => host.stack.up(["--skip-preview", ...args]);
    const unchanged = async (count = life.count) => {
      const again = mustSucceed(await up("--expect-no-changes"));
      expect(again.output).toContain(`${count + 2} unchanged`);
    };

    beforeAll(async () => {
      host = await openLabHost(life.kind);
      bare = await treeOf(host.machine);
      await declare(life.type);
    }, 10 * minutes);
    afterAll(() => host?.close());

    it("is bare: nouveau is loaded, no driver is there, and its card is on the bus", async () => {
      const seen = await mustRun(
        host.machine,
        `ls -d /sys/module/nouveau; lspci -n -s ${life.gpu}; ls /sys/class/iommu`,
      );
      expect(seen).toContain("/sys/module/nouveau");
      expect(seen).toMatch(/ 030[02]: 10de:/);
      expect(seen).toContain("dmar");
      expect((await host.machine.shell("modinfo nvidia")).code).not.toBe(0);
    });

    it("says in the preview what it will do, and does none of it", async () => {
      const changes = await changesFromNow(host.machine);
      const preview = mustSucceed(await host.stack.preview());
      expect(preview.output).toMatch(
        /1 claim-host [\s\S]*2 upload-package [\s\S]*3 block-nouveau [\s\S]*4 REBOOT [\s\S]*5 install-driver [\s\S]*6 REBOOT /,
      );
      expect(await changes()).toEqual([]);
    });

    it("comes from bare to its vGPUs in one up, through two reboots", async () => {
      const boots = await host.boots();
      const first = await up();
      expect(await host.boots()).toBe(boots + 2);
      expect(first.code === 0, first.output).toBe(life.hindrance === undefined);
      if (life.hindrance !== undefined) {
        for (const name of life.hindrance.named) expect(oneLine(first.output)).toMatch(name);
        await life.hindrance.remove(host);
        mustSucceed(await up());
      }
      expect(await liveTypes(host.machine)).toEqual(all(life.type));
      await unchanged();
    });

    it("starts a domain with a vGPU by the element that the resource puts out", async () => {
      const { hostdev } = (await host.stack.outputs()) as { hostdev: Record<string, string> };
      await defineDomain(host.machine, "vm-1", hostdev["desk-1"] ?? "");
      await startDomain(host.machine, "vm-1");
      expect(await holdingDomains(host.machine)).toEqual(["vm-1"]);
    });

    it("refuses another type while the domain runs, names it, and touches nothing", async () => {
      await declare(life.otherType);
      const changes = await changesFromNow(host.machine);
      for (const run of [await host.stack.preview(), await up()]) expectInUse(run, "vm-1");
      expect(await changes()).toEqual([]);
      expect(await liveTypes(host.machine)).toEqual(all(life.type));
      expect(await holdingDomains(host.machine)).toEqual(["vm-1"]);
    });

    it("changes the type of every vGPU in one up once the domain is off", async () => {
      await stopDomain(host.machine, "vm-1");
      mustSucceed(await up());
      expect(await liveTypes(host.machine)).toEqual(all(life.otherType));
      await unchanged();
    });

    it("has all of them back after a reboot, and the domain starts again", async () => {
      await host.reboot();
      await host.settled();
      expect(await liveTypes(host.machine)).toEqual(all(life.otherType));
      await unchanged();
      await startDomain(host.machine, "vm-1");
      expect(await holdingDomains(host.machine)).toEqual(["vm-1"]);
      await stopDomain(host.machine, "vm-1");
    });

    it("names drift by hand in the preview, and heals it", async () => {
      const named = await life.drift(host);
      const preview = await host.stack.preview();
      for (const name of named) expect(oneLine(preview.output)).toMatch(name);
      expect(preview.code === 0, preview.output).toBe(life.repair === undefined);
      if (life.repair !== undefined) {
        expect((await up()).code).not.toBe(0);
        await life.repair(host);
      }
      mustSucceed(await up());
      expect(await liveTypes(host.machine)).toEqual(all(life.otherType));
      await unchanged();
    });

    life.more?.({ host: () => host, declare, up, unchanged });

    it("is bare again after destroy, file by file", async () => {
      await undefineDomain(host.machine, "vm-1");
      mustSucceed(await host.stack.destroy(["--skip-preview"]));
      expect(differences(bare, await treeOf(host.machine))).toEqual([]);
      // The last step of destroy is a reboot: nouveau ran before us.
      const loaded = await host.machine.shell("ls -d /sys/module/nouveau /sys/module/nvidia");
      expect(loaded.stdout.trim()).toBe("/sys/module/nouveau");
    });
  });
}
