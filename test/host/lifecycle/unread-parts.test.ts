import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runPreview } from "../../fleet/run.js";
import { type Bed, type HostKindName, openBed, smallHosts, vgpusOf } from "./bed.js";
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
