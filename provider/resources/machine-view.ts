import { type Connection, connectionTarget } from "../model/connection.js";
import type { MachineFacts } from "../model/facts.js";
import { observeGuest } from "../observe/observe-guest.js";
import { observeHost } from "../observe/observe-host.js";
import { lockHolding } from "../transport/lock.js";
import { type Session, sessionFor } from "../transport/session.js";

/** One machine in this process: its session, and what was last seen of it. */
export interface MachineView<Facts extends MachineFacts> {
  readonly session: Session;
  /** What was seen of the machine, read at most once; a failure is kept too, so that nobody waits for it twice. */
  facts(): Promise<Facts>;
  /** Looks again. */
  observe(): Promise<Facts>;
  /**
   * What holds now, for a caller that holds the machine's lock: looks again, unless this process looked since it took
   * the lock and nothing failed in between.
   */
  current(): Promise<Facts>;
  /** Forgets what was seen: a step failed, and nobody knows what it did. */
  forget(): void;
  /** Returns true the first time it is called: a failure to reach the machine is told by one resource. */
  tellOnce(): boolean;
}

/** How a machine is reached in one use of its view. */
export interface ViewOptions {
  /** Whether a host of which no key is known may be trusted. @default false */
  readonly acceptNew?: boolean;
  /** Longest time until it answers. @default the transport's */
  readonly deadlineMs?: number | undefined;
}

const views = new Map<string, MachineView<MachineFacts>>();
const acceptedKeys = new Map<string, string>();

/** Remembers, for this process, the host key that was accepted when the resource was created. */
export function rememberAcceptedKey(connection: Connection, hostKey: unknown): void {
  if (typeof hostKey === "string") acceptedKeys.set(connectionTarget(connection), hostKey);
}

/** Returns the view of a vGPU host. */
export function hostView(connection: Connection, options: ViewOptions = {}) {
  return viewOf("host", connection, { observe: observeHost, ...options });
}

/** Returns the view of a Linux guest. */
export function guestView(connection: Connection, options: ViewOptions = {}) {
  return viewOf("guest", connection, { observe: observeGuest, ...options });
}

function viewOf<Facts extends MachineFacts>(
  kind: "host" | "guest",
  connection: Connection,
  how: ViewOptions & { readonly observe: (session: Session) => Promise<Facts> },
): MachineView<Facts> {
  const key = JSON.stringify([kind, connection, how.acceptNew === true, how.deadlineMs ?? null]);
  const known = views.get(key);
  if (known !== undefined) return known as MachineView<Facts>;
  const accepted = acceptedKeys.get(connectionTarget(connection));
  const trusted =
    connection.hostKey === undefined && accepted !== undefined
      ? { ...connection, hostKey: accepted }
      : connection;
  const patience = how.deadlineMs === undefined ? {} : { deadlineMs: how.deadlineMs };
  const session = sessionFor(trusted, { acceptNewHostKey: how.acceptNew === true, ...patience });
  let last: Promise<Facts> | undefined;
  let told = false;
  let seenUnder: number | null = null;
  const observe = async () => {
    const holding = lockHolding(session);
    last = how.observe(session);
    const facts = await last;
    seenUnder = holding;
    return facts;
  };
  const view: MachineView<Facts> = {
    session,
    observe,
    facts: () => last ?? observe(),
    current: () => {
      const holding = lockHolding(session);
      return last !== undefined && holding !== null && holding === seenUnder ? last : observe();
    },
    forget: () => {
      seenUnder = null;
    },
    tellOnce: () => {
      const first = !told;
      told = true;
      return first;
    },
  };
  views.set(key, view as unknown as MachineView<MachineFacts>);
  return view;
}
