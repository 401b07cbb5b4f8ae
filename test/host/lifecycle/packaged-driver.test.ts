import { release } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runPreview, runUnchecked, runUp } from "../../fleet/run.js";
import { type Bed, type HostChoice, hostName, openBed, vgpusOf } from "./bed.js";
import { expectUntouched, noteOf } from "./untouched.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

const kernel = release();
const moduleFile = `/lib/modules/${kernel}/updates/nvidia.ko`;
const manager = ["/usr/bin/nvidia-vgpu-mgr", "/usr/lib/nvidia/sriov-manage"];

/** A host whose vGPU manager a package brought, in this way; there is no uninstaller of the vendor's. */
function packaged(name: string, files: readonly string[], kind: HostChoice["kind"] = {}): HostChoice {
  const onDisk = `/usr/lib/modules/${kernel}/kernel/drivers/video/nvidia.ko`;
  return {
    kind,
    machine: {
      packages: { [name]: "535.161.05" },
      packageFiles: { [name]: [...files, ...manager] },
      files: { [onDisk]: "version=535.161.05\nflavour=vgpu-kvm\nsigned=no\n" },
    },
  };
}

const refusal = (owner: string, advice: string) =>
  `VGPU_PREREQUISITE ${hostName}: driver 535.161.05 is installed, and no uninstaller of the vendor's is there to take it away
Saw: ${moduleFile}, brought by ${owner}; no nvidia-uninstall
Expected: no other driver than 550.127.06, or one that nvidia-uninstall can remove
Next: ${advice}, reboot, run again`;

const remove = (name: string) =>
  `remove the package (apt-get remove ${name}, or dnf or zypper remove ${name})`;

describe.concurrent("a host whose vGPU manager of another version came as a package", () => {
  it.for<{ title: string; choice: HostChoice; text: string }>([
    {
      title: "a .deb with the module",
      choice: packaged("nvidia-vgpu-ubuntu-535", [moduleFile]),
      text: refusal("the package nvidia-vgpu-ubuntu-535", remove("nvidia-vgpu-ubuntu-535")),
    },
    {
      title: "a .deb with the module's source for DKMS",
      choice: packaged("nvidia-vgpu-ubuntu-535", ["/usr/src/nvidia-535.161.05/dkms.conf"]),
      text: refusal("the package nvidia-vgpu-ubuntu-535", remove("nvidia-vgpu-ubuntu-535")),
    },
    {
      title: "an .rpm",
      choice: packaged("NVIDIA-vGPU-rhel", [moduleFile], { distribution: "rocky-9" }),
      text: refusal("the package NVIDIA-vGPU-rhel", remove("NVIDIA-vGPU-rhel")),
    },
    {
      title: "in no way that is known",
      choice: packaged("nvidia-vgpu-ubuntu-535", []),
      text: refusal("no package that is known", "remove that driver in the way in which it was installed"),
    },
  ])("is refused in preview and in up, and untouched: $title", { timeout: 240_000 }, async (row) => {
    const host = await bed.host(`packaged-${row.title.replace(/\W/g, "")}`, "ampereMdev", row.choice);
    const program = host.program(vgpusOf("A2-4Q", 1));
    const before = await noteOf(host.machine);
    const previews = await runPreview(program, host.statePath);
    expect(Object.values(previews).flatMap(({ failures }) => failures)).toEqual([
      { property: "", reason: `${row.text}\nProperty: driver` },
    ]);
    expect(await runUnchecked(program.filter(({ name }) => name === hostName))).toEqual({
      [hostName]: row.text,
    });
    await expect(runUp(program, host.statePath)).rejects.toThrow(row.text);
    await expectUntouched(host.machine, before);
  });
});
