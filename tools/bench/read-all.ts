import { readFileSync } from "node:fs";
import { guestDriverInstall, mdevDevice, vgpuHost } from "../../provider/index.js";
import type { StateResource } from "../../test/engine/support/stack.js";

const lifecycles: Readonly<Record<string, typeof vgpuHost>> = {
  GuestDriverInstall: guestDriverInstall,
  MdevDevice: mdevDevice,
  VgpuHost: vgpuHost,
};

/** Refreshes the resources in a file at once, as one provider process of the engine does. Returns milliseconds. */
export async function readAll(file: string): Promise<number> {
  const resources = JSON.parse(readFileSync(file, "utf8")) as StateResource[];
  const started = performance.now();
  const seen = await Promise.all(
    resources.map(({ type, id, outputs }) =>
      lifecycles[type.split(":").at(-1) ?? ""]?.read(id ?? "", { ...outputs }),
    ),
  );
  const milliseconds = performance.now() - started;
  const gone = seen.filter((one) => one === undefined || one.id === "").length;
  if (gone > 0) throw new Error(`${gone} of ${resources.length} resources are gone`);
  return milliseconds;
}
