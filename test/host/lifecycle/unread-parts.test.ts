import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runPreview, runUp } from "../../fleet/run.js";
import { type Bed, type HostKindName, openBed, smallHosts, vgpusOf } from "./bed.js";
import { liveTypes } from "./live-vgpus.js";
import { madeHost } from "./made-host.js";
import { expectUntouched, noteOf } from "./untouched.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

/** A program that fails where its arguments are like this, and says why. */
const failing = (program: string, pattern: string, said: string) => `#!/bin/sh
case "$*" in ${pattern}) echo "${said}" >&2; exit 1 ;; esac
exec /usr/bin/${program} "$@"
`;

const parts: [
  name: string,
  kind: HostKindName,
  program: string,
  pattern: string,
  said: string,
  what: string,
][] = [
  [
    "mdevs",
    "ampereMdev",
    "find",
    "*%f*",
    "find: '/sys/bus/mdev': Input/output error",
    "which GPUs and vGPUs there are",
  ],
  [
    "details",
    "ampereMdev",
    "find",
    "*mdev_type*",
    "find: '/sys/x': Input/output error",
    "which GPUs and vGPUs there are",
  ],
  [
    "functions",
    "ampereMdev",
    "find",
    "*virtfn*",
    "find: '/sys/y': Input/output error",
    "which GPUs and vGPUs there are",
  ],
  [
    "creatable",
    "adaVendorVfio",
    "head",
    "*creatable*",
    "head: error reading it",
    "which GPUs and vGPUs there are",
  ],
  [
    "types",
    "adaVendorVfio",
    "nvidia-smi",
    "*vgpu*-s*",
    "Unable to determine the device handle",
    "of which types the vGPUs are",
  ],
];

describe.concurrent("a host with vGPUs of which a part cannot be read", () => {
  it.each(parts)(
    "is not changed: %s",
    { timeout: 300_000 },
    async (name, kind, program, pattern, said, what) => {
      const host = await madeHost(bed, `unread-${name}`, kind);
      const path = `/usr/local/bin/${program}`;
      await host.machine.writeFile(path, failing(program, pattern, said));
      await host.machine.shell(`chmod 755 ${path}`);
      const before = await noteOf(host.machine);
      const previews = await runPreview(
        host.program(vgpusOf(smallHosts[kind].type.replace("-4Q", "-2Q"), 2)),
        host.statePath,
      );
      const reasons = Object.values(previews).flatMap(({ failures }) => failures.map(({ reason }) => reason));
      expect(reasons.join("\n")).toContain(`cannot tell ${what}\nSaw: `);
      expect(reasons.join("\n")).toContain(said);
      await expectUntouched(host.machine, before);
    },
  );
});

describe.concurrent("a GPU that nvidia-smi does not find, since somebody has its unbind lock", () => {
  const small = vgpusOf("A2-2Q", 2);

  it("is asked for again, and changed as declared when the lock is free", { timeout: 180_000 }, async () => {
    const host = await madeHost(bed, "locked-for-a-moment", "adaVendorVfio");
    await host.machine.model("setFaults", { unbindHeld: 3 });
    await runUp(host.program(small), host.statePath);
    expect(await liveTypes(host.machine)).toEqual(["A2-2Q", "A2-2Q"]);
  });

  it("is not changed while the lock is held, and is not taken for none", { timeout: 180_000 }, async () => {
    const host = await madeHost(bed, "locked", "adaVendorVfio");
    await host.machine.model("setFaults", { unbindHeld: 1000 });
    const before = await noteOf(host.machine);
    const previews = await runPreview(host.program(small), host.statePath);
    const reasons = Object.values(previews).flatMap(({ failures }) => failures.map(({ reason }) => reason));
    expect(reasons[0]).toMatch(
      /^VGPU_PREREQUISITE gpu-host a-1: cannot tell of which types the vGPUs are\nSaw: nvidia-smi vgpu -s: No devices were found/,
    );
    await expectUntouched(host.machine, before);
  });
});
