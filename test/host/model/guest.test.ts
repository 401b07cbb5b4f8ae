import { describe, expect, it } from "vitest";
import { guestMachine, type Pair, runningGuest } from "./guest-scenes.js";
import { turingLegacy } from "./kinds.js";
import { releasesFit } from "./release-fit.js";
import { createMdev, install, managedHost, until, uuid, withoutNouveau } from "./scenes.js";
import { sharedFactsPresent, sharedText } from "./shared-facts.js";
import { Tie } from "./tie.js";

const guestVersion = "550.127.05";
const gridd = "nvidia-gridd.service";
const token = "/etc/nvidia/ClientConfigToken/client_configuration_token_a.tok";

/** Returns a guest whose driver is installed and booted. */
async function drivenGuest(
  options: Parameters<typeof runningGuest>[0] = {},
  version = guestVersion,
): Promise<Pair> {
  const pair = await runningGuest(options);
  await withoutNouveau(pair.guest.machine);
  const { code, stderr } = await install(pair.guest.machine, { version, kind: "grid" });
  if (code !== 0) throw new Error(stderr);
  await pair.guest.machine.restart();
  return pair;
}

/** Settings of a good guest, and a restart of gridd. */
async function license(
  { guest: { machine } }: Pair,
  feature = "1",
  text: string | null = "a token",
): Promise<void> {
  machine.writeFile("/etc/nvidia/gridd.conf", `FeatureType=${feature}\n`);
  if (text !== null) machine.writeFile(token, text);
  await machine.stopUnit(gridd);
  await machine.startUnit(gridd);
}

const status = async ({ guest }: Pair) => {
  const { stdout } = await guest.machine.call("/usr/bin/nvidia-smi", "-q");
  return /License Status +: (.*)/.exec(stdout)?.[1] ?? stdout;
};
const log = ({ guest }: Pair) =>
  guest.machine.journalLines.filter((line) => line.startsWith(gridd)).join("\n");

describe("the guest driver", () => {
  it("is refused while nouveau is loaded, and listed by the host when it works", async () => {
    const pair = await runningGuest();
    const refused = await install(pair.guest.machine, { version: guestVersion, kind: "grid" });
    expect(refused.stderr).toMatch(/Nouveau/);
    const driven = await drivenGuest();
    const { stdout } = await driven.host.machine.call("/usr/bin/nvidia-smi", "vgpu", "-q");
    expect(stdout).toContain(`Guest Driver Version              : ${guestVersion}`);
    expect(stdout).toContain("License Status                    : Unlicensed (Unrestricted)");
  });

  it("keeps the vGPU disabled when the releases do not fit", async () => {
    const pair = await drivenGuest({}, "470.256.02");
    const smi = await pair.guest.machine.call("/usr/bin/nvidia-smi", "-q");
    expect(smi).toMatchObject({ code: 6, stdout: "No devices were found\n" });
    expect(pair.guest.machine.journalLines.join("\n")).toContain("RmInitAdapter failed");
    const { stdout } = await pair.host.machine.call("/usr/bin/nvidia-smi", "vgpu", "-q");
    expect(stdout).toContain("Guest Driver Version              : N/A");
  });

  it("answers `vgpu` as no host, and the csv queries", async () => {
    const { guest } = await drivenGuest();
    const smi = async (...argv: string[]) =>
      (await guest.machine.call("/usr/bin/nvidia-smi", ...argv)).stdout;
    expect(await smi("vgpu", "-q")).toBe("No supported devices in vGPU mode\n");
    expect(await smi("--query-gpu=name,driver_version", "--format=csv,noheader")).toBe(
      `NVIDIA A40-8Q, ${guestVersion}\n`,
    );
    expect(await smi("-L")).toMatch(/^GPU 0: NVIDIA A40-8Q/);
    expect(await smi()).toContain(guestVersion);
  });

  it("goes when it is uninstalled", async () => {
    const { guest } = await drivenGuest();
    await guest.machine.stopUnit(gridd);
    expect((await guest.machine.call("/usr/bin/nvidia-uninstall", "-s")).code).toBe(0);
    await guest.machine.restart();
    expect(guest.machine.exists("/usr/bin/nvidia-smi")).toBe(false);
    expect(guest.machine.modules.loadedNames()).not.toContain("nvidia");
  });
});

describe("releasesFit", () => {
  it("takes the branch of the manager and the one before, never a newer one", () => {
    expect(releasesFit("550.127.06", "550.127.05")).toBe(true);
    expect(releasesFit("550.127.06", "535.183.06")).toBe(true);
    expect(releasesFit("535.183.04", "550.127.05")).toBe(false);
    expect(releasesFit("999.1", "999.2")).toBe(true);
  });
});

describe("nvidia-gridd", () => {
  it("brings a license some time after its start, with one token and FeatureType 1", async () => {
    const pair = await drivenGuest({ licenseDelayMs: 20 });
    expect(await status(pair)).toBe("Unlicensed (Unrestricted)");
    await license(pair);
    expect(await status(pair)).toBe("Unlicensed (Unrestricted)");
    await until(() => log(pair).includes("acquired"));
    expect(await status(pair)).toMatch(/^Licensed \(Expiry: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d GMT\)$/);
    const { stdout } = await pair.host.machine.call("/usr/bin/nvidia-smi", "vgpu", "-q");
    expect(stdout).toMatch(/License Status +: Licensed/);
  });

  it("is licensed again by itself after a reboot, and the license ends with its stop", async () => {
    const pair = await drivenGuest({ licenseDelayMs: 1 });
    await license(pair);
    await until(() => log(pair).includes("acquired"));
    await pair.guest.machine.restart();
    await until(() => pair.guest.model.license === "licensed");
    await pair.guest.machine.stopUnit(gridd);
    expect(await status(pair)).toBe("Unlicensed (Unrestricted)");
  });

  it.each([
    ["no token", "1", null, /Unable to fetch the client configuration token/],
    ["an empty token", "1", "\n", /Unable to fetch the client configuration token/],
    ["FeatureType 2 on a vGPU", "2", "a token", /Invalid feature/],
    ["FeatureType 0", "0", "a token", /no license is asked for/],
    ["a token that the server does not know", "1", "another", /Failed to acquire.*not found/],
  ])("stays unlicensed with %s, and says why", async (_name, feature, text, reason) => {
    const pair = await drivenGuest({ licenseDelayMs: 1, acceptedToken: "a token" });
    await license(pair, feature, text);
    await until(() => reason.test(log(pair)));
    expect(await status(pair)).toBe("Unlicensed (Unrestricted)");
  });

  it("takes two tokens for none", async () => {
    const pair = await drivenGuest({ licenseDelayMs: 1 });
    pair.guest.machine.writeFile(token.replace("_a", "_b"), "another");
    await license(pair);
    expect(log(pair)).toMatch(/Unable to fetch/);
  });

  it("loses full speed after a while without a license", async () => {
    const pair = await drivenGuest({ restrictAfterMs: 5 });
    await until(() => pair.guest.model.license === "restricted");
    expect(await status(pair)).toBe("Unlicensed (Restricted)");
  });

  it("calls the product by the type's series", async () => {
    const host = await managedHost(turingLegacy());
    await createMdev(host, { parent: "0000:3b:00.0", type: 223, uuid: uuid(1) });
    const guest = guestMachine();
    await new Tie(guest, host.model, { vmName: "desk-3" }).settled();
    await withoutNouveau(guest.machine);
    await install(guest.machine, { version: guestVersion, kind: "grid" });
    const { stdout } = await guest.machine.call("/usr/bin/nvidia-smi", "-q");
    expect(stdout).toMatch(/Product Name +: NVIDIA Virtual PC/);
  });
});

describe.skipIf(!sharedFactsPresent)("against the output of a real guest", () => {
  it("has no line in `-q` that the real report does not have, and its license section", async () => {
    const pair = await drivenGuest({ licenseDelayMs: 1 });
    await license(pair);
    await until(() => pair.guest.model.license === "licensed");
    const keys = (text: string) => [...text.matchAll(/^( *[^:\n]+?) *: /gm)].map((match) => match[1]);
    const real = keys(sharedText("domain/sample-outputs/nvidia-smi-q.guest-licensed.txt"));
    const { stdout } = await pair.guest.machine.call("/usr/bin/nvidia-smi", "-q");
    // The sample was shortened before its memory section.
    expect(keys(stdout).filter((key) => !real.includes(key))).toEqual(["        Total", "        Used"]);
    expect(stdout).toMatch(
      / {4}vGPU Software Licensed Product\n {8}Product Name {22}: .*\n {8}License Status {20}: Lic/,
    );
  });
});
