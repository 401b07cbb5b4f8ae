import { type Connection, connectionTarget } from "../model/connection.js";
import type { MachineFacts } from "../model/facts.js";
import { observeGuest } from "../observe/observe-guest.js";
import { observeHost } from "../observe/observe-host.js";
import { type Session, sessionFor } from "../transport/session.js";

/** One machine in this process: its session, and what was last seen of it. */
export interface MachineView<Facts extends MachineFacts> {
  readonly session: Session;
  /** What was seen of the machine, read at most once; a failure is kept too, so that nobody waits for it twice. */
  facts(): Promise<Facts>;
  /** Looks again. */
  observe(): Promise<Facts>;
  /** Returns true the first time it is called: a failure to reach the machine is told by one resource. */
  tellOnce(): boolean;
}

const views = new Map<string, MachineView<MachineFacts>>();
const acceptedKeys = new Map<string, string>();

/** Remembers, for this process, the host key that was accepted when the resource was created. */
export function rememberAcceptedKey(connection: Connection, hostKey: unknown): void {
  if (typeof hostKey === "string") acceptedKeys.set(connectionTarget(connection), hostKey);
}

/** Returns the view of a vGPU host. `acceptNew`: this call may trust a host of which no key is known. */
export function hostView(connection: Connection, options?: { readonly acceptNew: boolean }) {
  return viewOf("host", connection, { observe: observeHost, acceptNew: options?.acceptNew === true });
}

/** Returns the view of a Linux guest. */
export function guestView(connection: Connection, options?: { readonly acceptNew: boolean }) {
  return viewOf("guest", connection, { observe: observeGuest, acceptNew: options?.acceptNew === true });
}

function viewOf<Facts extends MachineFacts>(
  kind: "host" | "guest",
  connection: Connection,
  how: { readonly observe: (session: Session) => Promise<Facts>; readonly acceptNew: boolean },
): MachineView<Facts> {
  const key = JSON.stringify([kind, connection, how.acceptNew]);
  const known = views.get(key);
  if (known !== undefined) return known as MachineView<Facts>;
  const accepted = acceptedKeys.get(connectionTarget(connection));
  const trusted =
    connection.hostKey === undefined && accepted !== undefined
      ? { ...connection, hostKey: accepted }
      : connection;
  const session = sessionFor(trusted, { acceptNewHostKey: how.acceptNew });
  let last: Promise<Facts> | undefined;
  let told = false;
  const observe = () => {
    last = how.observe(session);
    return last;
  };
  const view: MachineView<Facts> = {
    session,
    observe,
    facts: () => last ?? observe(),
    tellOnce: () => {
      const first = !told;
      told = true;
      return first;
    },
  };
  views.set(key, view as unknown as MachineView<MachineFacts>);
  return view;
}
