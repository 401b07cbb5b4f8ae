import { describe, expect, it } from "vitest";
import { parseGuestFacts } from "../../../provider/observe/observe-guest.js";
import { parseHostFacts } from "../../../provider/observe/observe-host.js";
import { machineScript } from "../../../provider/observe/read-script.js";
import { runShell } from "../shell.js";

const guest = (lines: readonly string[]) => parseGuestFacts(`${lines.join("\n")}\nend\tguest\n`, "x");
const host = (lines: readonly string[]) => parseHostFacts(`${lines.join("\n")}\nend\thost\n`, "x");

const driver = ["manifest\tdriver:state=done", "manifest\tdriver:version=1", "manifest\tdriver:boot=b"];
const nouveau = "manifest\tnouveau:state=done";
const recorded = { driver: { state: "done", version: "1", bootId: "b" }, nouveauBlock: "done" };
const nothing = { driver: null, nouveauBlock: null };

describe("what tells a host from a guest", () => {
  it("is read of both alike, with its sources", () => {
    const lines = [
      "vgpu-manager\t/usr/bin/nvidia-vgpu-mgr",
      "guest-driver\t/usr/bin/nvidia-gridd",
      "virtual\tno\tSupermicro X12 (/sys/class/dmi/id)",
      "vm-program\t/usr/bin/qemu-kvm",
      "manifest\thost:owner=shop/dev/gpu-01",
      "manifest\tguest:owner=shop/dev/desk-1",
    ];
    const role = {
      hostOwner: "shop/dev/gpu-01",
      guestOwner: "shop/dev/desk-1",
      vgpuManager: ["/usr/bin/nvidia-vgpu-mgr"],
      guestDriver: ["/usr/bin/nvidia-gridd"],
      virtual: false,
      virtualBy: "Supermicro X12 (/sys/class/dmi/id)",
      vmPrograms: ["/usr/bin/qemu-kvm"],
    };
    expect(guest(lines).role).toEqual(role);
    expect(host(lines).role).toEqual(role);
  });

  it("is unknown where nothing tells whether it is a VM", () => {
    expect(guest([]).role).toMatchObject({ virtual: null, virtualBy: "", hostOwner: null, guestOwner: null });
    expect(guest(["virtual\tyes\tflag"]).role.virtual).toBe(true);
  });

  it("is said by the script on any machine, without a word to standard error", () => {
    const { stdout, stderr } = runShell(`services=\n${machineScript()}fact end guest`);
    expect(stderr).toBe("");
    expect(parseGuestFacts(stdout.replace(/^missing\t.*\n/gm, ""), "x").role.vgpuManager).toEqual([]);
  });
});

describe("records of the driver and of nouveau", () => {
  it("are kept apart for hosts and guests", () => {
    const lines = [
      "manifest\tformat:format=2",
      "manifest\thost:owner=h",
      "manifest\tguest:owner=g",
      ...driver,
      nouveau,
    ];
    expect(host(lines).manifest).toMatchObject({ format: "2", owner: "h", ...recorded });
    expect(guest(lines).manifest).toMatchObject({ format: "2", owner: "g", ...nothing });
    const own = lines.map((line) => line.replace(/\t(driver|nouveau):/, "\tguest-$1:"));
    expect(host(own).manifest).toMatchObject(nothing);
    expect(guest(own).manifest).toMatchObject(recorded);
  });

  it("without a format are the guest's where the machine is managed as a guest alone, else the host's", () => {
    const old = [...driver, nouveau];
    const asGuest = ["manifest\tguest:owner=g", ...old];
    expect(guest(asGuest).manifest).toMatchObject({ format: "1", owner: "g", ...recorded });
    expect(host(asGuest).manifest).toMatchObject(nothing);
    const asBoth = ["manifest\thost:owner=h", ...asGuest];
    expect(guest(asBoth).manifest).toMatchObject(nothing);
    expect(host(asBoth).manifest).toMatchObject(recorded);
    expect(guest(old).manifest).toMatchObject(nothing);
    expect(guest(["manifest\tformat:format=2", ...asGuest]).manifest).toMatchObject(nothing);
  });
});
