import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runDestroy, runPreview, runUp } from "../../fleet/run.js";
import { type Bed, type GuestBed, guestName, openBed, vgpusOf } from "./bed.js";
import { endStateOf } from "./end-state.js";
import { killAfterEachCommand } from "./killing.js";
import { changesSince, noteOf } from "./untouched.js";

let bed: Bed;
let plain: GuestBed;
let disturbed: GuestBed;
beforeAll(async () => {
  bed = await openBed();
  const host = await bed.host("kvm", "turingLegacy");
  await runUp(host.program(vgpusOf("T4-4Q", 2)), host.statePath);
  [plain, disturbed] = await Promise.all([
    bed.guest("plain", host, "a-1"),
    bed.guest("disturbed", host, "a-2"),
  ]);
}, 120_000);
afterAll(() => bed.close());

/** Where tokens go: the vendor's installer makes it and leaves it. */
const installersFolder = /^\/etc\/nvidia(\/ClientConfigToken(\/\.keep)?)? /;

const up = (guest: GuestBed) => ({ task: "up", program: guest.program, statePath: guest.statePath }) as const;

describe("a guest, each run killed (-9) one command later", () => {
  it("ends licensed, and bare again, as after an undisturbed up and destroy", {
    timeout: 240_000,
  }, async () => {
    const bare = await endStateOf(disturbed.machine);
    const [kills] = await Promise.all([
      killAfterEachCommand(disturbed.machine, up(disturbed), "all"),
      runUp(plain.program, plain.statePath),
    ]);
    console.log(`guest: up killed after ${kills.length} commands: ${kills.join(" ")}`);
    expect((await disturbed.machine.shell("nvidia-smi -q | grep 'License Status'")).stdout).toMatch(
      /: Licensed/,
    );
    expect(await endStateOf(disturbed.machine)).toEqual(await endStateOf(plain.machine));
    const before = await noteOf(disturbed.machine);
    expect(await runUp(disturbed.program, disturbed.statePath)).toEqual({ [guestName]: "unchanged" });
    expect(await changesSince(disturbed.machine, before)).toEqual([]);

    const down = { task: "destroy", program: [], statePath: disturbed.statePath } as const;
    const killsDown = await killAfterEachCommand(disturbed.machine, down, "all");
    console.log(`guest: destroy killed after ${killsDown.length} commands: ${killsDown.join(" ")}`);
    const end = await endStateOf(disturbed.machine);
    expect({ ...end, files: end.files.filter((line) => !installersFolder.test(line)) }).toEqual(bare);
  });
});

interface GuestDrift {
  readonly title: string;
  readonly shell: string;
  readonly named: readonly string[];
}

const tokens = "/etc/nvidia/ClientConfigToken";
const drifts: readonly GuestDrift[] = [
  {
    title: "the token is replaced",
    shell: `echo another > ${tokens}/client_configuration_token_pulumi-vgpu.tok`,
    named: ["license.token", "licenseState"],
  },
  {
    title: "the license feature is changed",
    shell: "sed -i 's/^FeatureType=.*/FeatureType=2/' /etc/nvidia/gridd.conf",
    named: ["license.feature"],
  },
  { title: "nvidia-gridd is stopped", shell: "systemctl stop nvidia-gridd", named: ["licenseState"] },
  {
    title: "nvidia-gridd was restarted until systemd took no more",
    shell:
      "for n in 1 2 3 4 5 6; do systemctl restart nvidia-gridd; done; ! systemctl is-active -q nvidia-gridd",
    named: ["licenseState"],
  },
  {
    title: "the driver is uninstalled",
    shell: "nvidia-uninstall --silent",
    named: ["driver.release", "licenseState"],
  },
];

describe("a guest that was changed by hand", () => {
  it.for(drifts)(
    "shows it by property and is healed by one up: $title",
    { timeout: 120_000 },
    async (drift) => {
      await runUp(plain.program, plain.statePath);
      const before = await endStateOf(plain.machine);
      expect(await plain.machine.shell(drift.shell)).toMatchObject({ code: 0 });
      const { [guestName]: preview } = await runPreview(plain.program, plain.statePath);
      expect(preview).toMatchObject({ changes: true, differs: drift.named });
      expect(await runUp(plain.program, plain.statePath)).toEqual({ [guestName]: "updated" });
      expect(await endStateOf(plain.machine)).toEqual(before);
    },
  );

  it("is bare again after destroy", { timeout: 120_000 }, async () => {
    await runDestroy(plain.statePath);
    expect((await endStateOf(plain.machine)).manifest).toEqual([]);
  });
});
