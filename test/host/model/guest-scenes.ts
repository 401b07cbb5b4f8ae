import type { GuestModel } from "./guest-model.js";
import { ampereMdev, linuxGuest } from "./kinds.js";
import { MemoryMachine } from "./memory-machine.js";
import { createMdev, type GuestScene, type HostScene, readyHost, uuid } from "./scenes.js";
import { Tie } from "./tie.js";

/** A host and a guest that is tied to one of its vGPUs. */
export interface Pair {
  readonly host: HostScene;
  readonly guest: GuestScene;
  readonly tie: Tie;
}

/** Returns a guest that runs on an mdev of an A40. */
export async function runningGuest(options: Parameters<typeof linuxGuest>[0] = {}): Promise<Pair> {
  const host = await readyHost(ampereMdev());
  await createMdev(host, { parent: "0000:41:00.4", type: 562, uuid: uuid(1) });
  const guest = guestMachine(options);
  const tie = new Tie(guest, host.model, { vmName: "desk-1", mdevUuid: uuid(1) });
  await tie.settled();
  return { host, guest, tie };
}

/** Returns a guest in memory, off. */
export function guestMachine(options: Parameters<typeof linuxGuest>[0] = {}, name = "guest"): GuestScene {
  const kind = linuxGuest(options);
  return { machine: new MemoryMachine(kind, name), model: kind.model as GuestModel };
}
