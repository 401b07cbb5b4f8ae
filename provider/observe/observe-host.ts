import { endOf } from "../model/errors.js";
import type { HostFacts } from "../model/facts.js";
import type { Session } from "../transport/session.js";
import { unreadCounts } from "./counts.js";
import { parseFactLines, understood } from "./fact-lines.js";
import { parseDriverClients } from "./parse-driver-clients.js";
import { parseGpus } from "./parse-gpus.js";
import { parseMachine } from "./parse-machine.js";
import { parseHostManifest } from "./parse-manifest.js";
import { parseMdevParents } from "./parse-mdev-parents.js";
import { parseMdevDefinitions } from "./parse-mdevctl.js";
import { refuseBlindLook } from "./parse-unread.js";
import { hostScript, machineScript } from "./read-script.js";
import { runObservation } from "./run-observation.js";

const hostServices = "nvidia-vgpud.service nvidia-vgpu-mgr.service libvirtd.service pulumi-vgpu.service";

/**
 * Returns everything that is known of a host, in one round trip that changes nothing.
 * @throws VGPU_UNREACHABLE, VGPU_LOGIN, VGPU_HOST_KEY, VGPU_NO_SUDO, VGPU_PROTOCOL, VGPU_PREREQUISITE
 */
export async function observeHost(session: Session): Promise<HostFacts> {
  const text = `services='${hostServices}'\n${machineScript()}${hostScript()}`;
  const answer = await runObservation(session, { name: "observe-host", text });
  const look = { what: "host", where: session.target };
  return understood(look, answer, (printed) => parseHostFacts(printed, session.target));
}

/** Returns the facts in what the observing script printed. */
export function parseHostFacts(output: string, where: string): HostFacts {
  const lines = parseFactLines(output, "host", where);
  refuseBlindLook(lines, where);
  const machine = parseMachine(lines);
  const mdevctl = lines.all("mdevctl").map((fields) => fields.join("\t"));
  const definitions = parseMdevDefinitions(mdevctl.join("\n"));
  const unlisted = { part: "mdevctl" as const, saw: `${endOf(mdevctl.join(" "), 200)} (mdevctl list)` };
  return {
    ...machine,
    unread: [...machine.unread, ...unreadCounts(lines), ...(definitions === null ? [unlisted] : [])],
    iommuUnits: lines.all("iommu").map((fields) => fields[0] ?? ""),
    kernelCommandLine: lines.one("cmdline"),
    gpus: parseGpus(lines),
    driverClients: parseDriverClients(lines),
    mdevParents: parseMdevParents(lines),
    mdevDefinitions: definitions ?? [],
    autostartMissing: lines.one("autostart-missing") || null,
    manifest: parseHostManifest(lines),
  };
}
