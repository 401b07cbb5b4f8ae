import { describe, expect, it } from "vitest";
import { releases } from "../../../../provider/catalog/releases.js";
import { checkGuest, guestClaims } from "../../../../provider/plan/declared/guest.js";
import { briefOf, guestOf, hostOf, textsOf } from "./programs.js";

describe("checkGuest", () => {
  it("accepts every release of the catalog with its own package on a host of that release", () => {
    for (const { release, linuxGuestVersion } of releases()) {
      const packageName = `NVIDIA-Linux-x86_64-${linuxGuestVersion}-grid.run`;
      expect(checkGuest(guestOf({ release, hostRelease: release, packageName })), release).toEqual([]);
    }
  });

  it("refuses a guest that is newer than its host", () => {
    const guest = guestOf({ release: "18.0", packageName: null });
    expect(textsOf(checkGuest(guest))).toEqual([
      `VGPU_INCOMPATIBLE_GUEST desk-1-driver: a guest driver of release 18.0 does not work on a host of release 17.4
Saw: guest release 18.0, host release 17.4 (listed in NVIDIA vGPU driver catalog v44 (2024-12-13), vgpuDriverCatalog.yaml in soln-aixLOTA/PROJECT-lota@b6730dd)
Expected: a guest release of branch 17 or 16
Next: use release 17.4 in the guest, or change the host's release first`,
    ]);
  });

  it("knows an undeclared release by the package", () => {
    const guest = guestOf({ hostRelease: "20.1", release: null });
    expect(briefOf(checkGuest(guest))).toEqual(["desk-1-driver VGPU_INCOMPATIBLE_GUEST driver.package"]);
  });

  it("has nothing against a pair of which one is not known", () => {
    expect(checkGuest(guestOf({ hostRelease: null }))).toEqual([]);
    expect(checkGuest(guestOf({ release: null, packageName: "driver.run" }))).toEqual([]);
    expect(checkGuest(guestOf({ hostRelease: "21.0", release: "20.2", packageName: null }))).toEqual([]);
  });

  it("refuses an unknown release once, without a second refusal for what follows from it", () => {
    expect(briefOf(checkGuest(guestOf({ release: "99.1" })))).toEqual([
      "desk-1-driver VGPU_UNKNOWN_RELEASE driver.release",
    ]);
  });
});

describe("guestClaims", () => {
  it("tells two resources of one guest once", () => {
    const refusals = guestClaims([guestOf({ resource: "b" }), guestOf({ resource: "a" })], []);
    expect(briefOf(refusals)).toEqual(["a VGPU_CLAIM_CONFLICT guest"]);
    expect(textsOf(refusals)).toEqual([
      `VGPU_CLAIM_CONFLICT desk-1.lab:22: 2 GuestDriverInstall resources manage one guest
Saw: a, b
Expected: one GuestDriverInstall for each guest
Next: keep "a" and remove the others`,
    ]);
  });

  it("tells two guests with one vGPU once", () => {
    const guests = [
      guestOf({ resource: "b", connectionKey: "b:22", device: "desk-1" }),
      guestOf({ resource: "a", connectionKey: "a:22", device: "desk-1" }),
    ];
    const refusals = guestClaims(guests, []);
    expect(briefOf(refusals)).toEqual(["a VGPU_CLAIM_CONFLICT device"]);
    expect(textsOf(refusals)).toEqual([
      `VGPU_CLAIM_CONFLICT desk-1: 2 guests claim one vGPU
Saw: a, b
Expected: each vGPU in one guest
Next: give each guest a vGPU of its own`,
    ]);
  });

  it("refuses a host that is declared as its own guest", () => {
    const refusals = guestClaims([guestOf({ connectionKey: "gpu-01.lab:22" })], [hostOf()]);
    expect(briefOf(refusals)).toEqual(["desk-1-driver VGPU_CLAIM_CONFLICT guest"]);
    expect(textsOf(refusals)).toEqual([
      `VGPU_CLAIM_CONFLICT gpu-01.lab:22: one machine is declared as host and as guest
Saw: VgpuHost "gpu-01" and GuestDriverInstall "desk-1-driver"
Expected: a guest is a virtual machine on the host
Next: give the guest its own connection`,
    ]);
  });

  it("does not compare guests that are not known yet", () => {
    const guests = [
      guestOf({ resource: "a", connectionKey: "" }),
      guestOf({ resource: "b", connectionKey: "" }),
    ];
    expect(guestClaims(guests, [hostOf({ connectionKey: "" })])).toEqual([]);
  });
});
