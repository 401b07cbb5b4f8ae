import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packageFacts } from "../../../provider/catalog/packages.js";
import { releases } from "../../../provider/catalog/releases.js";

describe("packageFacts", () => {
  it.each([
    ["NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run", "host linux run 550.127.06"],
    ["./drivers/NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run", "host linux run 550.127.06"],
    ["C:\\drivers\\NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run", "host linux run 550.127.06"],
    ["NVIDIA-Linux-x86_64-525.60.12-vgpu-kvm-aie.run", "host linux run 525.60.12"],
    ["NVIDIA-Linux-x86_64-470.82-vgpu-kvm.run", "host linux run 470.82"],
    ["nvidia-vgpu-ubuntu-550.163.02_amd64.deb", "host linux deb 550.163.02"],
    ["nvidia-vgpu-ubuntu-550_550.163.02_amd64.deb", "host linux deb 550.163.02"],
    ["nvidia-vgpu-ubuntu-aie-550_550.163.02_amd64.deb", "host linux deb 550.163.02"],
    ["NVIDIA-vGPU-rhel-8.9-550.163.02.x86_64.rpm", "host linux rpm 550.163.02"],
    ["NVIDIA-Linux-x86_64-550.163.01-grid.run", "guest linux run 550.163.01"],
    ["nvidia-linux-grid-550_550.163.01_amd64.deb", "guest linux deb 550.163.01"],
    ["nvidia-linux-grid-550_550.163.01_amd64.rpm", "guest linux rpm 550.163.01"],
    ["553.24_grid_win10_win11_server2019_server2022_dch_64bit_international.exe", "guest windows exe 553.24"],
    ["NVIDIA-Linux-x86_64-550.127.05.run", "plain linux run 550.127.05"],
    ["NVIDIA-GRID-Linux-KVM-550.127.06-550.127.05-553.24.zip", "archive linux zip 550.127.06"],
    ["NVIDIA-GRID-Linux-KVM-535.216.01-538.95.zip", "archive linux zip 535.216.01"],
  ])("reads %s", (name, said) => {
    const facts = packageFacts(name);
    expect(facts && `${facts.kind} ${facts.os} ${facts.form} ${facts.version}`).toBe(said);
  });

  it.each([
    "driver.run",
    "vgpu-kvm.run",
    "NVIDIA-Linux-x86_64-vgpu-kvm.run",
    "NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run.bak",
    "",
  ])("takes nothing from %j", (name) => {
    expect(packageFacts(name)).toBeNull();
  });

  const known = [
    "NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run",
    "NVIDIA-Linux-x86_64-580.105.06-vgpu-kvm-aie.run",
    "nvidia-vgpu-ubuntu-570_570.158.02_amd64.deb",
    "NVIDIA-vGPU-rhel-9.6-580.105.06.x86_64.rpm",
    "NVIDIA-Linux-x86_64-535.161.07-grid.run",
    "nvidia-linux-grid-535_535.161.07_amd64.deb",
    "nvidia-linux-grid-535-535.161.07-1.x86_64.rpm",
    "442.06_grid_win10_server2016_server2019_64bit_international.exe",
    "582.53_grid_win10_win11_server2022_server_2025_dch_64bit_international.exe",
    "NVIDIA-Linux-x86_64-550.127.05.run",
    "NVIDIA-Linux-x86_64-550.127.05-no-compat32.run",
    "NVIDIA-GRID-Linux-KVM-535.161.05-535.161.07-538.33.zip",
  ];

  it.each(known)("reads %s in any case", (name) => {
    const facts = packageFacts(name);
    expect(facts).not.toBeNull();
    expect(packageFacts(name.toUpperCase())).toEqual(facts);
    expect(packageFacts(name.toLowerCase())).toEqual(facts);
  });

  it.each(known)("takes nothing from what is only like %s", (name) => {
    const version = packageFacts(name)?.version ?? "";
    const withVersion = (other: string) => name.replaceAll(version, other);
    const like = [
      `x${name}`,
      `${name}x`,
      `${name}.part`,
      `${name} `,
      `${name}/`,
      name.replace(/\.(?=[a-z]+$)/, "_"),
      name.replace(/[^.]+$/, "tar"),
      withVersion(version.replace(".", "_")),
      withVersion(version.slice(1)),
      withVersion(version.replace(/\..*/, "")),
      withVersion(version.replace(/\..*/, ".1")),
      withVersion("x50.127.06"),
    ];
    expect(like.filter((one) => packageFacts(one) !== null)).toEqual([]);
  });

  it("reads the version out of the name of every release's packages", () => {
    for (const { managerVersion, linuxGuestVersion, windowsGuestVersion } of releases()) {
      expect(packageFacts(`NVIDIA-Linux-x86_64-${managerVersion}-vgpu-kvm.run`)).toMatchObject({
        kind: "host",
        version: managerVersion,
      });
      expect(packageFacts(`NVIDIA-Linux-x86_64-${linuxGuestVersion}-grid.run`)).toMatchObject({
        kind: "guest",
        version: linuxGuestVersion,
      });
      expect(packageFacts(`${windowsGuestVersion}_grid_win10_win11.exe`)).toMatchObject({
        os: "windows",
        version: windowsGuestVersion,
      });
    }
  });

  it("answers any text without throwing", () => {
    fc.assert(fc.property(fc.string(), (text) => void packageFacts(text)));
  });
});
