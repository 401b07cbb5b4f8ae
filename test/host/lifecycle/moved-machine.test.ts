import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadState } from "../../fleet/drive.js";
import type { DeclaredResource } from "../../fleet/program.js";
import { runDestroy, runUp, startRun } from "../../fleet/run.js";
import {
  type Bed,
  type GuestBed,
  guestName,
  type HostBed,
  hostName,
  openBed,
  smallHosts,
  vgpusOf,
} from "./bed.js";
import { linesOf } from "./end-state.js";
import { gpuOf } from "./live-vgpus.js";
import { expectUntouched, noteOf } from "./untouched.js";

let bed: Bed;
let kvm: HostBed;
beforeAll(async () => {
  bed = await openBed();
  kvm = await bed.host("kvm", "turingLegacy");
  await runUp(kvm.program(vgpusOf("T4-4Q", 4)), kvm.statePath);
}, 120_000);
afterAll(() => bed.close());

const recordsOf = ({ machine }: GuestBed | HostBed) => linesOf(machine, "ls /etc/pulumi-vgpu 2> /dev/null");
const driverOf = ({ machine }: GuestBed | HostBed) =>
  linesOf(machine, "modinfo -F version nvidia 2> /dev/null");

/** The address in a state leads to another machine now, as when a lease ran out. */
function leadElsewhere(statePath: string, name: string, program: readonly DeclaredResource[]): void {
  const state = loadState(statePath);
  const stored = state[name];
  const connection = program.find((resource) => resource.name === name)?.inputs.connection;
  if (stored === undefined || connection === undefined) throw new Error(`no ${name}`);
  stored.inputs.connection = connection;
  stored.outputs.connection = connection;
  writeFileSync(statePath, JSON.stringify(state));
}

describe("a guest whose connection is moved to another VM", () => {
  it.each([
    ["with", { refresh: true }],
    ["without", { refresh: false }],
  ])(
    "is taken away from the old one and made in the new one, %s a refresh",
    async (title, options) => {
      const [from, to] = await Promise.all([
        bed.guest(`from-${title}`, kvm, title === "with" ? "a-1" : "a-3"),
        bed.guest(`to-${title}`, kvm, title === "with" ? "a-2" : "a-4"),
      ]);
      await runUp(from.program, from.statePath);
      expect(await runUp(to.program, from.statePath, options)).toEqual({ [guestName]: "replaced" });
      expect(await recordsOf(from)).toEqual([]);
      expect(await driverOf(from)).toEqual([]);
      expect(await recordsOf(to)).toContain("guest-driver");
      expect(await driverOf(to)).not.toEqual([]);
      expect(await runUp(to.program, from.statePath)).toEqual({ [guestName]: "unchanged" });
      await runDestroy(from.statePath);
      expect(await recordsOf(to)).toEqual([]);
    },
    240_000,
  );
});

describe("a machine at whose address another one answers now, which is managed under the same name", () => {
  const says = /machine-id [0-9a-f]{32} answers at its address, not [0-9a-f]{32}: nothing is touched here/;

  it("is left as it is, its vGPUs of the same UUIDs too, when the host that stood there is destroyed", async () => {
    const [gone, other] = await Promise.all([
      bed.host("gone", "ampereMdev"),
      bed.host("other", "ampereMdev"),
    ]);
    const vgpus = vgpusOf(smallHosts.ampereMdev.type, 1);
    for (const host of [gone, other]) await runUp(host.program(vgpus), host.statePath);
    for (const name of [hostName, ...Object.keys(vgpus)])
      leadElsewhere(gone.statePath, name, other.program(vgpus));
    const before = await noteOf(other.machine);
    const destroy = startRun({ task: "destroy", program: [], statePath: gone.statePath });
    expect(await destroy.ended).toMatchObject({ error: "", output: expect.stringMatching(says) });
    await expectUntouched(other.machine, before);
    expect((await gpuOf(other.machine)).vgpus).toHaveLength(1);
    expect(loadState(gone.statePath)).toEqual({});
  }, 240_000);

  it.each([
    ["with", { refresh: true }],
    ["without", { refresh: false }],
  ])(
    "is left as it is when the host that stood there moves on, %s a refresh",
    async (title, options) => {
      const [gone, other, next] = await Promise.all([
        bed.host(`gone-${title}`, "ampereMdev"),
        bed.host(`other-${title}`, "ampereMdev"),
        bed.host(`next-${title}`, "ampereMdev"),
      ]);
      for (const host of [gone, other]) await runUp(host.program({}), host.statePath);
      leadElsewhere(gone.statePath, hostName, other.program({}));
      const before = await noteOf(other.machine);
      const up = startRun({ task: "up", program: next.program({}), statePath: gone.statePath, ...options });
      expect(await up.ended).toMatchObject({ error: "", output: expect.stringMatching(says) });
      await expectUntouched(other.machine, before);
      expect(await recordsOf(next)).toContain("driver");
      expect(readFileSync(gone.statePath, "utf8")).toContain(
        (await linesOf(next.machine, "cat /etc/machine-id"))[0],
      );
    },
    240_000,
  );
});
