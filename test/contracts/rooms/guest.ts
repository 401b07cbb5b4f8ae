// A Linux guest: nvidia-smi -q, nvidia-gridd and its settings.
import { expect } from "vitest";
import type { Bed, Contract } from "../contract.js";
import { eventually, lines, say } from "../look.js";

const needs = "guest with driver";
const conf = "/etc/nvidia/gridd.conf";
const folder = "/etc/nvidia/ClientConfigToken";
const license = "timeout 20 nvidia-smi -q 2> /dev/null | sed -n '/Licensed Product/,/License Status/p'";
const licensed = "nvidia-smi -q | grep -q 'License Status[[:space:]]*: Licensed'";
const foundNone = (last: number) =>
  `journalctl -u nvidia-gridd.service -b -n ${last} --no-pager -o cat | grep -q 'Unable to fetch the client configuration token'`;

/** Settings, a file for each token, and one restart: systemd refuses the sixth start within ten seconds. */
async function configure(bed: Bed, feature: string, ...tokens: readonly string[]): Promise<void> {
  await say(
    bed,
    `printf 'FeatureType=%s\\n' ${feature} > ${conf}; mkdir -p ${folder}; rm -f ${folder}/*.tok`,
  );
  for (const [index, token] of tokens.entries()) {
    const file = `${folder}/contract-${index}.tok`;
    await say(bed, `printf %s ${token} > ${file}; chmod 744 ${file}`);
  }
  await say(bed, "systemctl restart nvidia-gridd.service");
}

/** What the guest driver and its license rely on. */
export const guestContracts: readonly Contract[] = [
  {
    id: "gridd/service",
    relies: "systemctl",
    needs,
    title: "nvidia-gridd is active after the boot that loads the guest driver",
    check: async (bed) => {
      await eventually(bed, "systemctl is-active --quiet nvidia-gridd.service");
    },
  },
  {
    id: "gridd/template",
    relies: "/etc/nvidia/gridd.conf",
    needs,
    title: "a template with FeatureType lies beside it",
    check: async (bed) => {
      expect(await say(bed, `grep '^FeatureType=' ${conf}.template`)).toBe("FeatureType=0");
    },
  },
  {
    id: "smi-q/unlicensed",
    relies: "nvidia-smi -q",
    needs,
    title: "prints product and status of the license, which is unlicensed before there is a token",
    check: async (bed) => {
      await configure(bed, "1");
      const text = await lines(bed, license);
      expect(text[0]).toMatch(/^ +vGPU Software Licensed Product$/);
      expect(text[1]).toMatch(/^ +Product Name +: NVIDIA .+$/);
      expect(text.at(-1)).toMatch(/^ +License Status +: Unlicensed \((Unr|R)estricted\)$/);
    },
  },
  {
    id: "gridd/no-token",
    relies: "/etc/nvidia/ClientConfigToken/*.tok",
    needs,
    title: "nvidia-gridd's journal says that it found no token",
    check: async (bed) => {
      await configure(bed, "1");
      await eventually(bed, foundNone(8));
    },
  },
  {
    id: "gridd/licensed",
    relies: "/etc/nvidia/ClientConfigToken/*.tok",
    needs,
    title: "with one token and its feature set, a restart of nvidia-gridd brings a license, with its expiry",
    check: async (bed) => {
      await configure(bed, "1", "contract-token");
      await eventually(bed, licensed);
      expect((await lines(bed, license)).at(-1)).toMatch(/: Licensed \(Expiry: .+\)$/);
    },
  },
  {
    id: "gridd/two-tokens",
    relies: "/etc/nvidia/ClientConfigToken/*.tok",
    needs,
    title: "two tokens are as none",
    check: async (bed) => {
      await configure(bed, "1", "contract-token", "contract-token");
      await eventually(bed, foundNone(3));
      expect((await bed.shell(licensed)).code).not.toBe(0);
      await say(bed, `rm ${folder}/*.tok ${conf}`);
    },
  },
];
