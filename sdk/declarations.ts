import * as pulumi from "@pulumi/pulumi";
import {
  type DeclaredGuest,
  type DeclaredHost,
  type DeclaredMachine,
  type DeclaredProgram,
  type DeclaredVgpu,
  type LateVgpu,
  type Refusal,
  type ResourceKind,
  sameCarrier,
} from "../provider/plan/declared/program.js";
import { FirstLooks } from "./first-looks.js";

/**
 * How long is waited for what is declared by outputs and promises. Those that come from a resource are not waited for; a
 * promise that was made from one by hand is not known as such, and that resource may wait for this.
 */
const patienceMs = 10_000;

/** What one run of a program declares, gathered while it is constructed. */
class Declarations {
  readonly hosts: DeclaredHost[] = [];
  readonly vgpus: DeclaredVgpu[] = [];
  readonly guests: DeclaredGuest[] = [];
  readonly late = new Set<LateVgpu>();
  readonly wrong: Refusal[] = [];
  /** URN by kind and name. */
  readonly rows = new Map<string, pulumi.Input<string>>();
  readonly looks = new FirstLooks();
  private readonly coming = new Set<Promise<unknown>>();
  private settling: Promise<DeclaredProgram> | undefined;
  private refusal: Error | undefined;

  /** Takes up what is declared when it is known; `settled` waits for it unless a resource has to be made before. */
  add<T>(declared: Declaring<T>, into: T[]): Promise<T | undefined> {
    const { late } = declared;
    if (late !== undefined) {
      this.late.add(late.vgpu);
      this.waitFor(late.named);
    }
    const added = declared.value.then((known) => {
      if (known === undefined) return known;
      into.push(known);
      if (late !== undefined) this.late.delete(late.vgpu);
      return known;
    });
    if (!declared.afterResource) this.waitFor(added);
    return added;
  }

  private waitFor(promise: Promise<unknown>): void {
    this.coming.add(promise);
    void promise.finally(() => this.coming.delete(promise));
  }

  /** Settles when the program's present tick is over and its values are there, with what all of it declares; refuses what cannot be. */
  settled(): Promise<DeclaredProgram> {
    this.settling ??= new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.arrived())
      .then(() => {
        this.settling = undefined;
        return this.verdict();
      });
    return this.settling;
  }

  private async arrived(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), patienceMs);
    });
    while (this.coming.size > 0) {
      if ((await Promise.race([Promise.all(this.coming), late])) === "late") break;
    }
    clearTimeout(timer);
  }

  private rowOf({ kind, resource }: Refusal): pulumi.Resource | undefined {
    const urn = this.rows.get(`${kind} ${resource}`);
    // It is not registered, and never will be: its URN is all of it that the log asks for.
    return urn === undefined ? undefined : ({ urn: pulumi.output(urn) } as pulumi.Resource);
  }

  /** In a preview each resource's own check says what is wrong with it; a run without preview has to be stopped here. */
  private async verdict(): Promise<DeclaredProgram> {
    const { hosts, vgpus, guests, wrong } = this;
    const program = { hosts, vgpus, guests, wrong };
    if (pulumi.runtime.isDryRun()) return program;
    const { checkProgram } = await import("../provider/plan/declared/check-program.js");
    const { errorText } = await import("../provider/model/errors.js");
    const refusals = checkProgram(program);
    if (refusals.length > 0 && this.refusal === undefined) {
      const told = refusals.map((refused) => ({ row: this.rowOf(refused), text: errorText(refused.parts) }));
      this.refusal = toldOnce(summary(told));
      await Promise.all(told.map(({ row, text }) => row && pulumi.log.error(text, row)));
    }
    if (this.refusal !== undefined) throw this.refusal;
    return program;
  }
}

/** Returns what the run ends with: what stands on a row is not said again. */
function summary(told: readonly { readonly row: unknown; readonly text: string }[]): string {
  const elsewhere = told.filter(({ row }) => row === undefined).map(({ text }) => text);
  const count = told.length === 1 ? "1 resource" : `${told.length} resources`;
  return [...elsewhere, `Nothing was changed: ${count} of the program cannot be as declared.`].join("\n\n");
}

/**
 * Returns the error that every resource of the program fails with. Pulumi reports an error object once, whoever throws
 * it, but each resource would first write the name of its property before the message.
 */
function toldOnce(message: string): Error {
  const error = new pulumi.RunError(message);
  const fixed = { get: () => message, set: () => {} };
  // Where errors were told before, Pulumi shows the stack of this one.
  return Object.defineProperties(error, { message: fixed, stack: fixed });
}

const byRun = new WeakMap<object, Declarations>();
const outsideOfRuns = {};

function ofThisRun(): Declarations {
  const run = pulumi.runtime.getStackResource() ?? outsideOfRuns;
  let declarations = byRun.get(run);
  if (declarations === undefined) {
    declarations = new Declarations();
    byRun.set(run, declarations);
  }
  return declarations;
}

/** What a resource declares, once its values are known; `undefined` where that is not enough to judge it. */
export interface Declaring<T> {
  /** Whether a resource has to be made before: it joins when it is known then. */
  readonly afterResource: boolean;
  readonly value: Promise<T | undefined>;
  /** How a machine is reached, with its secrets marked; left out where the engine may keep another connection. */
  readonly connection?: pulumi.Input<object>;
  /** By what a vGPU is known before its values are. */
  readonly late?: {
    readonly vgpu: LateVgpu;
    /** Settles when all of `vgpu` is there that waits for no resource. */
    readonly named: Promise<unknown>;
  };
}

/** Notes by which URN what is told of a resource is shown on its row. */
export function declareRow(kind: ResourceKind, name: string, urn: pulumi.Input<string>): void {
  ofThisRun().rows.set(`${kind} ${name}`, urn);
}

/** Adds a host; the promise gives what is declared around it, and the guests that wait for no host and no vGPU. */
export function declareHost(declaring: Declaring<DeclaredHost>): Promise<DeclaredProgram | undefined> {
  return around(declaring, "hosts", (host, { hosts, guests }) => ({
    hosts: hosts.filter(
      (other) => other === host || (host.connectionKey !== "" && other.connectionKey === host.connectionKey),
    ),
    vgpus: [],
    guests: [],
    others: machinesOf(
      "GuestDriverInstall",
      guests.filter(({ device, after = [] }) => device === null && after.length === 0),
    ),
  }));
}

/** Those whose connection is known before any resource is made: each is looked at as soon as the program has ended. */
function machinesOf(
  kind: DeclaredMachine["kind"],
  resources: readonly (DeclaredHost | DeclaredGuest)[],
): DeclaredMachine[] {
  return resources
    .filter(({ connectionKey }) => connectionKey !== "")
    .map(({ resource }) => ({ kind, resource }));
}

/**
 * Adds a vGPU; the promise gives its host and every vGPU that is declared on its GPU or parent, or under its UUID, or
 * that may be there because the engine keeps it as it is; and which of its host are not known yet. As a `DeclaredProgram`'s
 * JSON: with all vGPUs of a host around each of them, its values apart would be most of what the engine is sent.
 */
export async function declareVgpu(declaring: Declaring<DeclaredVgpu>): Promise<string | undefined> {
  const program = await vgpuAround(declaring, ofThisRun());
  return program && JSON.stringify(program);
}

function vgpuAround(
  declaring: Declaring<DeclaredVgpu>,
  { late }: Declarations,
): Promise<DeclaredProgram | undefined> {
  return around(declaring, "vgpus", (vgpu, { hosts, vgpus }) => ({
    hosts: hosts.filter((host) => host.resource === vgpu.host),
    vgpus: vgpus.filter(
      (other) =>
        other.host === vgpu.host && (other.asItIs || sameCarrier(other, vgpu) || other.uuid === vgpu.uuid),
    ),
    late: [...late].filter((other) => other.host === vgpu.host).map((other) => ({ ...other })),
    guests: [],
  }));
}

/** Adds a guest; the promise gives every guest that claims the same machine or vGPU, and all hosts by name. */
export function declareGuest(declaring: Declaring<DeclaredGuest>): Promise<DeclaredProgram | undefined> {
  return around(declaring, "guests", (guest, { hosts, guests }) => ({
    hosts: [],
    others: machinesOf("VgpuHost", hosts),
    vgpus: [],
    guests: guests.filter(
      (other) =>
        other === guest ||
        (guest.connectionKey !== "" && other.connectionKey === guest.connectionKey) ||
        (guest.device !== null && other.device === guest.device),
    ),
  }));
}

/** Adds what cannot be the arguments of a resource: its check tells it, and a run without preview ends before any change. */
export function declareWrong(kind: ResourceKind, wrong: readonly Refusal[]): Promise<DeclaredProgram> {
  const declarations = ofThisRun();
  declarations.wrong.push(...wrong.map((refused) => ({ ...refused, kind })));
  return declarations.settled().then(() => ({ hosts: [], vgpus: [], guests: [], wrong }));
}

type Kind = "hosts" | "vgpus" | "guests";

async function around<K extends Kind, T extends DeclaredProgram[K][number]>(
  declaring: Declaring<T>,
  kind: K,
  slice: (own: T, program: DeclaredProgram) => DeclaredProgram,
): Promise<DeclaredProgram | undefined> {
  const declarations = ofThisRun();
  const added = declarations.add(declaring, declarations[kind] as unknown as T[]);
  const whole = declaring.afterResource ? undefined : declarations.settled();
  const own = await added;
  const { looks, rows } = declarations;
  if (own !== undefined && "connectionKey" in own && own.connectionKey !== "") {
    const named = kind === "hosts" ? "VgpuHost" : "GuestDriverInstall";
    const { resource } = own;
    looks.add({
      kind: named,
      resource,
      connection: declaring.connection,
      row: rows.get(`${named} ${resource}`),
    });
  }
  if (own === undefined) {
    await whole;
    return undefined;
  }
  const program = slice(own, await (whole ?? declarations.settled()));
  const handedDown = kind === "vgpus" ? undefined : await looks.take();
  // The SDK resolves what is an output in it; its type says what the provider gets.
  return handedDown === undefined ? program : { ...program, looks: handedDown as unknown as string };
}
