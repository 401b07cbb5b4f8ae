import type { Connection } from "../model/connection.js";
import type { MachineFacts } from "../model/facts.js";
import { observeGuest } from "../observe/observe-guest.js";
import { observeHost } from "../observe/observe-host.js";
import { isPlanOutdated } from "../transport/lock/lock-failures.js";
import { lockHolding } from "../transport/lock.js";
import { type Session, sessionFor } from "../transport/session.js";
import { rememberAccepted } from "../transport/trust/accepted-keys.js";
import { tell, tellWaits } from "./tell.js";

/** One machine in this process: its session, and what was last seen of it. */
export interface MachineView<Facts extends MachineFacts> {
  readonly session: Session;
  /**
   * What was last seen of the machine; looks when nothing was. It does not wait for a look of somebody else who changes the
   * machine. A failure is kept too, so that nobody waits for it twice.
   */
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
  /** Resource name, for a line now and then while the machine does not answer. */
  readonly waitingFor?: string;
}

/** What is known of a machine in this process, whatever session learned it. */
interface Sight<Facts> {
  last?: Promise<Facts>;
  /** What the last look saw that has ended; none when it failed. */
  seen?: Facts | undefined;
  /** Which taking of the machine's lock was in force at the last look. */
  seenUnder: number | null;
  told: boolean;
}

const sights = new Map<string, Sight<MachineFacts>>();

/** Takes up, for this process, the host key that was accepted when the resource was created. */
export function rememberAcceptedKey(connection: Connection, hostKey: unknown): void {
  if (typeof hostKey === "string") rememberAccepted(connection, hostKey);
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
  const patience = {
    ...(how.deadlineMs === undefined ? {} : { deadlineMs: how.deadlineMs }),
    ...(how.waitingFor === undefined ? {} : { onWait: tellWaits(how.waitingFor) }),
  };
  const session = sessionFor(connection, { acceptNewHostKey: how.acceptNew === true, ...patience });
  const sight = sightOf<Facts>(`${kind} ${canonical(connection)}`);
  const observe = async () => {
    const holding = lockHolding(session);
    sight.seenUnder = null;
    // Only what was planned before is outdated when the lock was taken anew: a look is what comes next then.
    const again = (error: unknown) => (isPlanOutdated(error) ? how.observe(session) : Promise.reject(error));
    sight.last = how
      .observe(session)
      .catch(again)
      .finally(() => {
        for (const note of session.takeWayNotes()) tell(session.target, note);
      });
    sight.seen = await sight.last.catch((error: unknown) => {
      sight.seen = undefined;
      throw error;
    });
    sight.seenUnder = holding;
    return sight.seen;
  };
  return {
    session,
    observe,
    facts: async () => sight.seen ?? sight.last ?? observe(),
    current: () => {
      const holding = lockHolding(session);
      const fresh = sight.last !== undefined && holding !== null && holding === sight.seenUnder;
      return fresh && sight.last !== undefined ? sight.last : observe();
    },
    forget: () => {
      sight.seenUnder = null;
    },
    tellOnce: () => {
      const first = !sight.told;
      sight.told = true;
      return first;
    },
  };
}

function sightOf<Facts extends MachineFacts>(key: string): Sight<Facts> {
  let sight = sights.get(key);
  if (sight === undefined) {
    sight = { seenUnder: null, told: false };
    sights.set(key, sight);
  }
  return sight as unknown as Sight<Facts>;
}

/** The engine keeps no order of keys: equal connections must give equal texts. */
function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "";
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${key}:${canonical(inner)}`).join(",")}}`;
}
