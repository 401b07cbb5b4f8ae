import { describe, expect, it } from "vitest";
import { parseGuestFacts } from "../../../provider/observe/observe-guest.js";
import { captureText, realCapturesPresent, realCaptureText } from "../captures.js";

const licensed = captureText("observe-guest.licensed.txt");

/** The guest's answer with other lines of nvidia-smi's license section. */
function withLicense(lines: readonly string[]): string {
  const rest = licensed
    .split("\n")
    .filter((line) => !line.startsWith("license-line") && !line.startsWith("end"));
  return [...rest, ...lines.map((line) => `license-line\t${line}`), "end\tguest", ""].join("\n");
}

describe("parseGuestFacts", () => {
  it("reads a licensed guest, without the expiry, which moves by itself", () => {
    expect(parseGuestFacts(licensed, "root@desk-1:22")).toMatchObject({
      hostname: "desk-1",
      secureBoot: "disabled",
      gpus: ["0000:06:00.0"],
      featureType: 1,
      tokens: { "client_configuration_token_pulumi-vgpu.tok": "cd".repeat(32) },
      licenseStatus: "Licensed",
      licensedProduct: "NVIDIA RTX Virtual Workstation",
      services: { "nvidia-gridd.service": { active: "active", enabled: true } },
      manifest: {
        owner: "shop/dev/desk-1-driver",
        nouveauFound: false,
        nouveauBlock: null,
        gridd: { state: "done" },
        driver: { state: "intent", version: "550.127.05", bootId: "7c5d1c4e-94b0-4c7e-9a67-0a54a7b2f001" },
      },
    });
  });

  it("reads a guest without driver, feature and license as such", () => {
    const facts = parseGuestFacts("feature-type\t\nend\tguest\n", "x");
    expect(facts).toMatchObject({
      gpus: [],
      featureType: null,
      tokens: {},
      licenseStatus: null,
      licensedProduct: null,
      loadedDriver: null,
      installedDriver: null,
    });
  });

  it.each([
    ["0", 0],
    ["10", 10],
    ["one", null],
    ["1x", null],
    ["x1", null],
  ])("reads the feature %s as %s", (text, feature) => {
    expect(parseGuestFacts(`feature-type\t${text}\nend\tguest\n`, "x").featureType).toBe(feature);
  });

  it("takes a token whose content could not be read for one of no content", () => {
    expect(parseGuestFacts("token\ta.tok\nend\tguest\n", "x").tokens).toEqual({ "a.tok": "" });
  });

  it("reads no license from a section that names none", () => {
    expect(parseGuestFacts(withLicense(["", "Licensed Product"]), "x").licenseStatus).toBeNull();
    expect(parseGuestFacts(withLicense(["License Status : (Expiry: x)"]), "x").licenseStatus).toBe("");
  });

  it("refuses half an answer", () => {
    expect(() => parseGuestFacts(licensed.slice(0, -6), "root@desk-1:22")).toThrow(
      "VGPU_PROTOCOL root@desk-1:22: cannot observe the guest",
    );
  });
});

describe.runIf(realCapturesPresent)("parseGuestFacts on what real guests print", () => {
  it.each([
    ["nvidia-smi-q.guest-licensed", "Licensed"],
    ["nvidia-smi-q.guest-license.unlicensed-restricted", "Unlicensed (Restricted)"],
    ["nvidia-smi-q.guest-license.unlicensed-unrestricted", "Unlicensed (Unrestricted)"],
  ])("reads %s as %s", (name, status) => {
    const lines = realCaptureText(`domain/sample-outputs/${name}.txt`).split("\n");
    const from = lines.findIndex((line) => line.includes("Licensed Product"));
    const to = lines.findIndex((line) => line.includes("License Status"));
    const facts = parseGuestFacts(withLicense(lines.slice(from, to + 1)), "x");
    expect(facts.licenseStatus).toBe(status);
    expect(facts.licensedProduct).toBe("NVIDIA RTX Virtual Workstation");
  });
});
