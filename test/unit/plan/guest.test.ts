import { describe, expect, it } from "vitest";
import type { GuestFacts } from "../../../provider/model/facts.js";
import { planGuest, planGuestRemoval, tokenFile } from "../../../provider/plan/guest/plan-guest.js";
import { desiredGuest, guestFacts, guestVersion, refusalTexts, stepTexts } from "./facts.js";
import { guestAfter, type Nature } from "./machine-effects.js";

const owner = "shop/dev/desk-1";
const tokenHash = "cd".repeat(32);
const nature: Nature = { installerLoads: false, servicesStart: true, hasNouveau: true };

/** A guest in which everything that `desiredGuest` declares is in place. */
function finishedGuest(): GuestFacts {
  return guestFacts({
    bootId: "boot-3",
    installedDriver: guestVersion,
    loadedDriver: guestVersion,
    nouveauBlockedBy: ["/etc/modprobe.d/pulumi-vgpu-nouveau.conf"],
    featureType: 1,
    tokens: { [tokenFile]: tokenHash },
    licenseStatus: "Licensed",
    manifest: {
      owner,
      nouveauBlock: "done",
      driver: { state: "done", version: guestVersion, bootId: "boot-2" },
      gridd: { state: "done" },
    },
  });
}

describe("planGuest", () => {
  it("has nothing to do in a guest that is as declared", () => {
    expect(planGuest(desiredGuest(), finishedGuest())).toEqual({ steps: [], refusals: [] });
  });

  it("takes a bare guest with nouveau to its license in two boots", () => {
    expect(stepTexts(planGuest(desiredGuest(), guestFacts({ nouveauLoaded: true })))).toEqual([
      "claim-guest desk-1: nobody manages the guest yet",
      "upload-package desk-1: the package is not on the machine",
      "block-nouveau desk-1: nouveau is loaded",
      "reboot-machine desk-1 [reboots-guest]: nouveau is loaded",
      "install-driver desk-1: guest driver 550.127.05 is not installed",
      "reboot-machine desk-1 [reboots-guest]: guest driver 550.127.05 needs a boot after its installation",
      "write-gridd-conf desk-1: FeatureType is not set",
      "write-token desk-1: there is no token",
      "acquire-license desk-1: its settings changed",
    ]);
  });

  it("plans, after each step in a bare guest, the rest of the steps", () => {
    let facts = guestFacts({ nouveauLoaded: true });
    let plan = planGuest(desiredGuest(), facts);
    for (let step = plan.steps[0]; step !== undefined; step = plan.steps[0]) {
      const rest = stepTexts(plan.steps.slice(1));
      facts = guestAfter(step, facts, nature);
      plan = planGuest(desiredGuest(), facts);
      expect(stepTexts(plan)).toEqual(rest);
    }
    expect(plan).toEqual({ steps: [], refusals: [] });
  });

  it.each<[string, Partial<GuestFacts>, string[]]>([
    [
      "replaces a token and nothing else",
      { tokens: { [tokenFile]: "ef".repeat(32) } },
      ["write-token desk-1: the token is another one", "acquire-license desk-1: its settings changed"],
    ],
    [
      "sets another feature and nothing else",
      { featureType: 2 },
      ["write-gridd-conf desk-1: FeatureType is 2", "acquire-license desk-1: its settings changed"],
    ],
    [
      "acquires a license that was lost",
      { licenseStatus: "Unlicensed (Restricted)" },
      ["acquire-license desk-1: license status Unlicensed (Restricted)"],
    ],
    [
      "does not take a status that begins otherwise for a license",
      { licenseStatus: "Unlicensed (Unrestricted)" },
      ["acquire-license desk-1: license status Unlicensed (Unrestricted)"],
    ],
    ["takes the declared token under another file name", { tokens: { "site.tok": tokenHash } }, []],
  ])("%s", (_title, changes, expected) => {
    expect(stepTexts(planGuest(desiredGuest(), { ...finishedGuest(), ...changes }))).toEqual(expected);
  });

  it("acquires the license when a crash came between its settings and that", () => {
    const facts = finishedGuest();
    const left = { ...facts, manifest: { ...facts.manifest, gridd: { state: "intent" as const } } };
    expect(stepTexts(planGuest(desiredGuest(), left))).toEqual([
      "acquire-license desk-1: its settings changed",
    ]);
  });

  it("leaves the license alone when none is declared, and the driver when none is", () => {
    const facts = { ...finishedGuest(), featureType: 4, tokens: {}, licenseStatus: null };
    expect(planGuest(desiredGuest({ license: null }), facts).steps).toEqual([]);
    const bare = guestFacts({ featureType: 1, tokens: { "a.tok": tokenHash }, licenseStatus: "Licensed" });
    expect(stepTexts(planGuest(desiredGuest({ driver: null }), bare))).toEqual([
      "claim-guest desk-1: nobody manages the guest yet",
    ]);
  });

  it.each<[string, GuestFacts, string]>([
    [
      "a guest that another stack manages",
      guestFacts({ manifest: { owner: "shop/prod/desk-1" } }),
      `VGPU_CLAIM_CONFLICT desk-1: cannot manage this guest
Saw: it is managed by shop/prod/desk-1 (/etc/pulumi-vgpu/guest)
Expected: no owner, or shop/dev/desk-1
Next: manage it in one place: destroy it there; if that was this stack under another name, rename it by pulumi stack rename, which keeps its state; or, when shop/prod/desk-1 is gone for good, remove /etc/pulumi-vgpu/guest in the guest`,
    ],
    [
      "a guest without its vGPU",
      guestFacts({ gpus: [] }),
      `VGPU_PREREQUISITE desk-1: the guest sees no NVIDIA GPU
Saw: no display function of vendor 10de in /sys/bus/pci/devices
Expected: its vGPU: the VM runs with the hostdev of its MdevDevice
Next: give the VM its vGPU (MdevDevice.hostdevXml), start it, run again`,
    ],
    [
      "a reboot that nobody allowed",
      guestFacts({ installedDriver: guestVersion, nouveauBlockedBy: ["/etc/modprobe.d/site.conf"] }),
      `VGPU_REBOOT_NEEDED desk-1: a reboot is needed and not allowed
Saw: guest driver 550.127.05 is installed and not loaded
Expected: the program's word for it
Next: add reboot: { allow: true } to the resource`,
    ],
    [
      "a guest without OpenSSL",
      { ...finishedGuest(), tools: new Set() },
      `VGPU_PREREQUISITE desk-1: OpenSSL is missing
Saw: no command openssl
Expected: OpenSSL in the guest: without it no license can be had
Next: install the package openssl in the guest`,
    ],
    [
      "a second token",
      { ...finishedGuest(), tokens: { "site.tok": "ef".repeat(32), [tokenFile]: tokenHash } },
      `VGPU_PREREQUISITE desk-1: another license token is there
Saw: site.tok in /etc/nvidia/ClientConfigToken
Expected: exactly one token: nvidia-gridd takes only one
Next: remove it if nobody needs it, or declare that one`,
    ],
  ])("refuses %s", (_title, facts, text) => {
    const reboot = { allow: !text.includes("VGPU_REBOOT_NEEDED"), deadlineMs: 1 };
    const plan = planGuest(desiredGuest({ reboot }), facts);
    expect(refusalTexts(plan)).toEqual([text]);
    expect(plan.steps).toEqual([]);
  });
});

describe("planGuestRemoval", () => {
  it("writes its token where there is another beside it, be it the same", () => {
    const tokens = { [tokenFile]: tokenHash, "z.tok": tokenHash };
    expect(planGuest(desiredGuest(), { ...finishedGuest(), tokens }).steps.map(({ kind }) => kind)).toEqual([
      "write-token",
      "acquire-license",
    ]);
  });

  it("tells the property at fault, and every token that is not its own", () => {
    const faults = (changes: Partial<GuestFacts>) =>
      planGuest(desiredGuest(), { ...finishedGuest(), ...changes }).refusals.map(({ property, saw }) => [
        property,
        saw,
      ]);
    expect(faults({ gpus: [] })[0]?.[0]).toBe("device");
    expect(faults({ tools: new Set(["cc", "make", "ld", "systemctl"]) })).toEqual([
      ["license", "no command openssl"],
    ]);
    const tokens = { [tokenFile]: tokenHash, "a.tok": "1", "b.tok": "2" };
    expect(faults({ tokens })).toEqual([["license.token", "a.tok, b.tok in /etc/nvidia/ClientConfigToken"]]);
  });

  it("removes the license first, then the driver, and gives the guest back", () => {
    expect(stepTexts(planGuestRemoval(desiredGuest(), finishedGuest()))).toEqual([
      "remove-license desk-1: we wrote the license settings",
      "uninstall-driver desk-1: we installed it",
      "unblock-nouveau desk-1: we blocked it",
      "reboot-machine desk-1 [reboots-guest]: the driver is still in memory",
      "release-guest desk-1: nothing of ours is left",
    ]);
  });
});
