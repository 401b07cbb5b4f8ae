import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runPreview, runUp } from "../../fleet/run.js";
import { type Bed, type HostBed, hostName, openBed, vgpusOf } from "./bed.js";
import { gpuOf } from "./live-vgpus.js";
import { expectNothingToDo, programOf } from "./made-host.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

async function reasonsOf(host: HostBed): Promise<string> {
  const previews = await runPreview(host.program(vgpusOf("A2-4Q", 1)), host.statePath);
  return (previews[hostName]?.failures ?? []).map(({ reason }) => reason).join("\n");
}

describe.concurrent("a host before anything is installed", () => {
  it("is not refused for packages that are only called like drivers, nor for what a removed one left", {
    timeout: 120_000,
  }, async () => {
    const packages = {
      "nvidia-driver-local-repo-ubuntu2204-535.161.07": "1.0",
      "nvidia-driver-pinning-580": "580",
      "nvidia-driver-535": "535.183.01",
    };
    const packageFiles = {
      "nvidia-driver-local-repo-ubuntu2204-535.161.07": ["/var/nvidia-driver-local-repo/Packages"],
      "nvidia-driver-pinning-580": ["/etc/apt/preferences.d/nvidia-driver-pinning-580"],
    };
    const machine = { packages, packageFiles, packageStates: { "nvidia-driver-535": "rc " } };
    expect(await reasonsOf(await bed.host("called-so", "ampereMdev", { machine }))).toBe("");
  });

  it("tells an X server that lives by its lock file from a lock that was left, and waits for no file", {
    timeout: 120_000,
  }, async () => {
    const host = await bed.host("x-server", "ampereMdev");
    await host.machine.shell(
      "printf '%10d\\n' 4194304 > /tmp/.X0-lock; mkfifo /tmp/.X1-lock; printf x > /tmp/.X2-lock",
    );
    expect(await reasonsOf(host)).toBe("");
    await host.machine.shell("printf '%10d\\n' 1 > /tmp/.X7-lock");
    expect(await reasonsOf(host)).toMatch(
      /^VGPU_PREREQUISITE gpu-host: an X server runs\nSaw: \/tmp\/\.X7-lock of process 1 \(/,
    );
  });

  it("is brought to vGPUs where nova_core has the GPU: blocked beside nouveau, one boot before the driver", {
    timeout: 180_000,
  }, async () => {
    const host = await bed.host("nova", "ampereMdev", { kind: { nova: true } });
    expect((await gpuOf(host.machine)).driver).toBe("NovaCore");
    await runUp(programOf(host), host.statePath);
    expect((await gpuOf(host.machine)).driver).toBe("nvidia");
    expect(await host.machine.readFile("/etc/modprobe.d/pulumi-vgpu-nouveau.conf")).toContain(
      "blacklist nova_core\nblacklist nova_drm\n",
    );
    await expectNothingToDo(host);
  });
});
