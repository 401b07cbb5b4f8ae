// How a bed comes from one state to the next: by the commands that bring a real machine there, on every bed the same.
import { expect } from "vitest";
import { shellQuote } from "../../provider/transport/link/quote.js";
import type { Bed, BedFacts, BedState } from "./contract.js";
import { eventually, say } from "./look.js";
import { makeVgpu } from "./vgpus.js";

/** Brings a bed from the state before to this one. */
export async function climb(bed: Bed, state: BedState): Promise<void> {
  await steps[state](bed);
}

const untouched = async () => {};

const steps: Record<BedState, (bed: Bed) => Promise<void>> = {
  "bare host": untouched,
  "bare guest": untouched,
  "mdev parent": untouched,
  "host without nouveau": blockNouveau,
  "host with driver": install,
  "guest with driver": async (bed) => {
    await blockNouveau(bed);
    await install(bed);
  },
  "vGPU host": enableFunctions,
  "rebooted vGPU host": rebootWithVgpu,
  "host without driver again": enableFunctions,
};

const block = "/etc/modprobe.d/contract-nouveau.conf";

async function blockNouveau(bed: Bed): Promise<void> {
  await bed.writeFile(block, "blacklist nouveau\noptions nouveau modeset=0\n");
  const rebuild = bed.facts.distribution === "deb" ? "update-initramfs -u" : "dracut --force";
  const made = await bed.shell(rebuild);
  bed.notes.set("initramfs", JSON.stringify(made));
  expect(made).toMatchObject({ code: 0 });
  await bed.reboot();
}

/** Installs the package as our script does, and reboots. */
async function install(bed: Bed): Promise<void> {
  const made = await bed.shell(installLine(bed.facts));
  bed.notes.set("installation", JSON.stringify(made));
  expect({ ...made, log: await bed.readFile(installerLog) }).toMatchObject({ code: 0 });
  await bed.reboot();
  await settled(bed);
}

/** A machine answers before its services have started. */
async function settled(bed: Bed): Promise<void> {
  const service = bed.facts.kind === "guest" ? "nvidia-gridd" : "nvidia-vgpu-mgr";
  await eventually(bed, `systemctl is-active --quiet ${service}.service`, 120);
}

/** Where the installer logs, when it is told so as our script tells it. */
export const installerLog = "/var/lib/contract-installer.log";

/** The line by which our script runs the vendor's package. */
export function installLine(facts: BedFacts): string {
  const flags = `--silent --accept-license --no-questions --ui=none --log-file-name=${installerLog}`;
  return `sh ${shellQuote(facts.packagePath)} ${flags}${facts.dkms ? " --dkms" : ""}`;
}

async function enableFunctions(bed: Bed): Promise<void> {
  const { gpu, totalVfs } = bed.facts;
  await settled(bed);
  if (totalVfs === 0) return eventually(bed, `[ -d /sys/bus/pci/devices/${gpu}/mdev_supported_types ]`);
  const said = await bed.shell(`/usr/lib/nvidia/sriov-manage -e ${gpu}`);
  bed.notes.set("sriov-manage", JSON.stringify(said));
  await eventually(bed, `[ -e /sys/bus/pci/devices/${gpu}/virtfn${totalVfs - 1}/driver ]`, 90);
}

async function rebootWithVgpu(bed: Bed): Promise<void> {
  await makeVgpu(bed, bed.facts.types.one);
  await say(bed, "echo before > /run/contract; echo before > /var/lib/contract");
  bed.notes.set("boot id", await say(bed, "cat /proc/sys/kernel/random/boot_id"));
  await say(bed, orderedUnits);
  await bed.reboot();
  await settled(bed);
}

/** Two units that a boot starts in the order that they name, the second one's file first in the alphabet. */
const orderedUnits = `
unit() { printf '[Unit]\\n%s\\n[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart=/bin/sh -c "echo %s >> /run/contract-order"\\n[Install]\\nWantedBy=multi-user.target\\n' "$2" "$1" > /etc/systemd/system/contract-$1.service; }
unit z-first 'Before=contract-m-middle.service'
unit m-middle ''
unit a-last 'After=contract-m-middle.service'
systemctl daemon-reload
systemctl enable contract-z-first.service contract-m-middle.service contract-a-last.service
`;
