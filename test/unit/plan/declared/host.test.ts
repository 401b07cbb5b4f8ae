import { describe, expect, it } from "vitest";
import { releases } from "../../../../provider/catalog/releases.js";
import { checkHost, hostClaims } from "../../../../provider/plan/declared/host.js";
import { briefOf, hostOf, textsOf } from "./programs.js";

describe("checkHost", () => {
  it("has nothing against a host that declares nothing to check", () => {
    expect(checkHost(hostOf({ release: null, packageName: null, gpus: {} }))).toEqual([]);
  });

  it("accepts every release of the catalog with its own package", () => {
    for (const { release, managerVersion } of releases()) {
      const packageName = `./NVIDIA-Linux-x86_64-${managerVersion}-vgpu-kvm.run`;
      expect(checkHost(hostOf({ release, packageName })), release).toEqual([]);
    }
  });

  it("accepts what the catalog cannot know: a later release, a renamed package, a version of no release", () => {
    expect(
      checkHost(hostOf({ release: "20.3", packageName: "NVIDIA-Linux-x86_64-595.99.01-vgpu-kvm.run" })),
    ).toEqual([]);
    expect(
      checkHost(hostOf({ release: "21.0", packageName: "NVIDIA-Linux-x86_64-610.10.01-vgpu-kvm.run" })),
    ).toEqual([]);
    expect(checkHost(hostOf({ packageName: "driver.run" }))).toEqual([]);
    expect(
      checkHost(hostOf({ release: null, packageName: "NVIDIA-Linux-x86_64-550.99.99-vgpu-kvm.run" })),
    ).toEqual([]);
  });

  it("refuses a number that is no release, with the nearest ones", () => {
    expect(textsOf(checkHost(hostOf({ release: "17.9" })))).toEqual([
      `VGPU_UNKNOWN_RELEASE gpu-01: "17.9" is no vGPU software release
Saw: driver.release "17.9"; the newest release of branch 17 is 17.6, its support ends 2025-06 (catalog)
Expected: a release number such as "17.4"
Next: set driver.release to "17.6", "17.5", "17.4" or another release`,
    ]);
  });

  it("refuses a driver version given as release, with its release", () => {
    expect(textsOf(checkHost(hostOf({ release: "550.127.06" })))).toEqual([
      `VGPU_UNKNOWN_RELEASE gpu-01: "550.127.06" is no vGPU software release
Saw: driver.release "550.127.06"; 550.127.06 is a driver version (catalog)
Expected: a release number such as "17.4"
Next: set driver.release to "17.4" or another release`,
    ]);
  });

  it.each(["99.9", "7.4", "17", "latest", ""])("refuses release %j", (release) => {
    expect(briefOf(checkHost(hostOf({ release, packageName: null })))).toEqual([
      "gpu-01 VGPU_UNKNOWN_RELEASE driver.release",
    ]);
  });

  it("says how releases are written, and which ones are known", () => {
    const saw = (release: string) => textsOf(checkHost(hostOf({ release })))[0]?.split("\n")[1];
    expect(saw("latest")).toBe('Saw: driver.release "latest"; a release is written branch.number');
    expect(saw("7.4")).toBe(
      `Saw: driver.release "7.4"; the catalog holds ${releases().at(-1)?.release} to ${releases()[0]?.release}`,
    );
  });

  it("leaves the package to those who can read it: a name says nothing of what is in a file", () => {
    for (const packageName of ["NVIDIA-GRID-Linux-KVM-550.127.06-550.127.05-553.24.zip", "driver.bin"])
      expect(checkHost(hostOf({ release: "17.5", packageName }))).toEqual([]);
  });

  it("refuses a GPU that is no PCI address, and one GPU in two forms", () => {
    const gpus = {
      "3b:00.0": { usage: "vgpu" },
      "00000000:3B:00.0": { usage: "vgpu" },
      gpu0: { usage: "vgpu" },
    } as const;
    expect(textsOf(checkHost(hostOf({ gpus })))).toEqual([
      `VGPU_INPUT gpu-01: "gpu0" is no PCI address
Saw: gpus "gpu0"
Expected: a form such as "0000:3b:00.0"
Next: run \`lspci -D -d 10de:\` on the host and take the address of the GPU`,
      `VGPU_CLAIM_CONFLICT gpu-01 0000:3b:00.0: one GPU is declared more than once
Saw: gpus "00000000:3B:00.0", "3b:00.0"
Expected: each GPU once
Next: keep "0000:3b:00.0" and remove the others`,
    ]);
  });
});

describe("hostClaims", () => {
  it("tells two resources of one machine once, on the first by name", () => {
    const hosts = [
      hostOf({ resource: "gpu-b" }),
      hostOf({ resource: "gpu-a" }),
      hostOf({ resource: "gpu-c", connectionKey: "c:22" }),
    ];
    const refusals = hostClaims(hosts);
    expect(briefOf(refusals)).toEqual(["gpu-a VGPU_CLAIM_CONFLICT connection"]);
    expect(textsOf(refusals)).toEqual([
      `VGPU_CLAIM_CONFLICT gpu-01.lab:22: 2 VgpuHost resources manage one host
Saw: gpu-a, gpu-b
Expected: one VgpuHost for each machine
Next: declare all of its GPUs in "gpu-a" and remove the others`,
    ]);
  });

  it("does not compare machines that are not known yet", () => {
    expect(
      hostClaims([
        hostOf({ resource: "a", connectionKey: "" }),
        hostOf({ resource: "b", connectionKey: "" }),
      ]),
    ).toEqual([]);
  });
});
