import type { FactLines } from "../model/fact-lines.js";
import type { GuestFacts } from "../model/facts.js";
import type { Session } from "../transport/session.js";
import { parseFactLines, understood } from "./fact-lines.js";
import { parseFieldLine } from "./field-line.js";
import { parseMachine } from "./parse-machine.js";
import { parseGuestManifest } from "./parse-manifest.js";
import { refuseBlindLook } from "./parse-unread.js";
import { machineScript, readScript } from "./read-script.js";
import { runObservation } from "./run-observation.js";

/**
 * Returns everything that is known of a Linux guest, in one round trip that changes nothing.
 * @throws VGPU_UNREACHABLE, VGPU_LOGIN, VGPU_HOST_KEY, VGPU_NO_SUDO, VGPU_PROTOCOL, VGPU_PREREQUISITE
 */
export async function observeGuest(session: Session): Promise<GuestFacts> {
  const text = `services=nvidia-gridd.service\n${machineScript()}${readScript("observe/guest.sh")}`;
  const answer = await runObservation(session, { name: "observe-guest", text });
  const look = { what: "guest", where: session.target };
  return understood(look, answer, (printed) => parseGuestFacts(printed, session.target));
}

/** Returns the facts in what the observing script printed. */
export function parseGuestFacts(output: string, where: string): GuestFacts {
  const lines = parseFactLines(output, "guest", where);
  refuseBlindLook(lines, where);
  const featureType = lines.one("feature-type");
  return {
    ...parseMachine(lines),
    gpus: lines.all("guest-gpu").map((fields) => fields[0] ?? ""),
    featureType: /^\d+$/.test(featureType) ? Number(featureType) : null,
    tokens: Object.fromEntries(lines.all("token").map(([name = "", hash = ""]) => [name, hash])),
    licenseStatus: licenseField(lines, "License Status"),
    licensedProduct: licenseField(lines, "Product Name"),
    manifest: parseGuestManifest(lines),
  };
}

/** Returns a field of nvidia-smi's license section; an expiry moves by itself and is left out. Source: guests.md section 4. */
function licenseField(lines: FactLines, key: string): string | null {
  for (const [line = ""] of lines.all("license-line")) {
    const field = parseFieldLine(line);
    if (field?.[0] === key) return field[1].split("(Expiry:")[0]?.trimEnd() ?? "";
  }
  return null;
}
