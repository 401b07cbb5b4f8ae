import { describe, expect, it } from "vitest";
import type { HostFacts } from "../../../provider/model/facts.js";
import { parseHostFacts } from "../../../provider/observe/observe-host.js";
import { autostartNotice, startsByItself } from "../../../provider/plan/vgpu/autostart.js";
import { hostFacts } from "./facts.js";
import { uuidOf } from "./vgpus.js";

const definition = (n: number, start: "auto" | "manual") => ({
  mdevUuid: uuidOf(n),
  parent: "0000:3b:00.4",
  mdevType: "nvidia-562",
  start,
});
const missing = "/usr/sbin/mdevctl";

function host(changes: Partial<HostFacts> = {}): HostFacts {
  return hostFacts({ mdevDefinitions: [definition(1, "auto"), definition(2, "manual")], ...changes });
}

describe("startsByItself", () => {
  it("is so for an automatic definition alone, and for none where udev does not find mdevctl", () => {
    expect(startsByItself(uuidOf(1), host())).toBe(true);
    expect(startsByItself(uuidOf(2), host())).toBe(false);
    expect(startsByItself(uuidOf(1), host({ autostartMissing: missing }))).toBe(false);
  });
});

describe("autostartNotice", () => {
  it("names the definitions of others that start nothing at boot, and what mends it", () => {
    expect(autostartNotice(host({ autostartMissing: missing }))).toBe(
      `mdevctl starts nothing at boot here: udev's rule runs ${missing}, which is not there. Defined as auto, not by us, and gone after a reboot: ${uuidOf(1)} on 0000:3b:00.4. A link at ${missing} to the program mends it`,
    );
  });

  it("says nothing where mdevctl is found, or nothing of others is automatic", () => {
    expect(autostartNotice(host())).toBeNull();
    expect(
      autostartNotice(host({ autostartMissing: missing, mdevDefinitions: [definition(2, "manual")] })),
    ).toBeNull();
    const record = {
      uuid: uuidOf(1),
      state: "done",
      owner: "shop/dev",
      name: "desk-1",
      carrier: "0000:3b:00.0",
    } as const;
    const vgpus = [
      { ...record, parent: "0000:3b:00.4", typeName: "NVIDIA A40-8Q", keep: false, adopted: true },
    ];
    const recorded = hostFacts({
      autostartMissing: missing,
      mdevDefinitions: [definition(1, "auto")],
      manifest: { vgpus },
    });
    expect(autostartNotice(recorded)).toBeNull();
  });
});

describe("parseHostFacts", () => {
  it("reads what udev would run and does not find", () => {
    expect(parseHostFacts(`autostart-missing\t${missing}\nend\thost\n`, "x").autostartMissing).toBe(missing);
    expect(parseHostFacts("end\thost\n", "x").autostartMissing).toBeNull();
  });
});
