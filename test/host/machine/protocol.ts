// What crosses between the process of a test and the simulator's, and what both sides call things.
import type { MachineOptions } from "../types.js";

/** A function returning a MachineKind, by where it is: absolute path of the module and its export. */
export interface KindReference {
  readonly module: string;
  readonly export: string;
  readonly args?: readonly unknown[];
}

/** A machine to start. */
export interface MachineSpec {
  /** Unique in the simulator; its host name. */
  readonly name: string;
  readonly kind: KindReference;
  /** Over the kind's own options, field by field. */
  readonly options?: MachineOptions;
}

/** Where and as whom a machine is reached. */
export interface MachineAddress {
  readonly name: string;
  readonly host: "127.0.0.1";
  readonly port: number;
  /** "ssh-ed25519 AAAA..." */
  readonly hostKey: string;
  /** OpenSSH private key that both root and admin accept. */
  readonly privateKey: string;
}

/** One exec request as it was received. */
export interface CommandRecord {
  /** Counted from 1 since the machine was started, over its reboots. */
  readonly number: number;
  readonly user: string;
  readonly command: string;
  /** The word after the script of `sh -c SCRIPT NAME ARGS...`; else the command's first word. */
  readonly name: string;
  readonly args: readonly string[];
  readonly sudo: boolean;
  readonly startedAt: number;
  /** Bytes of standard input received, and of both outputs sent. */
  bytesIn: number;
  bytesOut: number;
  /** Undefined while it runs, when it was dropped, or died by a signal. */
  code?: number;
  durationMs?: number;
  outcome: "running" | "answered" | "dropped" | "hung" | "refused";
}

export interface MachineCounters {
  connections: number;
  openConnections: number;
  /** Session channels opened: the round trips. */
  channels: number;
  openChannels: number;
  maxOpenChannels: number;
  refusedChannels: number;
  forwards: number;
  boots: number;
}

/** What goes wrong, and when. */
export interface FaultRule {
  /** Name of the command, or its beginning followed by `*`; every command when absent. */
  readonly name?: string;
  /** The n-th matching command from now on, from 1. @default 1 */
  readonly nth?: number;
  /** How many matching commands from there on. @default 1 */
  readonly times?: number;
  readonly action:
    | {
        /** drop: the connection is cut. power-loss: the machine loses power and boots. reboot: a clean one. */
        readonly kind: "drop" | "power-loss" | "reboot";
        /** before: it never runs. middle: it began and goes on. after: it ended, its result is not sent. */
        readonly when: "before" | "middle" | "after";
        /** For "middle": how long after its start. @default 30 */
        readonly afterMs?: number;
        /** For "middle": once this file is there, however long its start takes; counted from then. */
        readonly onceThere?: string;
      }
    | { readonly kind: "hang" }
    | { readonly kind: "refuse-channel" }
    | { readonly kind: "fail"; readonly code: number; readonly stderr?: string };
}

/** normal; refused: no listener; silent: connections are accepted and nothing is ever answered. */
export type NetworkState = "normal" | "refused" | "silent";

export type Request =
  | { id: number; op: "start"; spec: MachineSpec }
  | { id: number; op: "machine" | "model"; machine: string; method: string; args: unknown[] }
  | { id: number; op: "invoke"; module: string; export: string; machines: string[]; args: unknown[] }
  | { op: "acknowledge"; hook: number };

export type Reply =
  | { ready: true }
  | { id: number; value: unknown }
  | { id: number; error: { message: string; stack: string; code?: string } }
  | { hook: number; machine: string; command: CommandRecord };
