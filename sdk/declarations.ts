import * as pulumi from "@pulumi/pulumi";
import {
  type DeclaredGuest,
  type DeclaredHost,
  type DeclaredProgram,
  type DeclaredVgpu,
  sameCarrier,
} from "../provider/plan/declared/program.js";

/** What one run of a program declares, gathered while it is constructed. */
class Declarations {
  readonly hosts: DeclaredHost[] = [];
  readonly vgpus: DeclaredVgpu[] = [];
  readonly guests: DeclaredGuest[] = [];
  private settling: Promise<DeclaredProgram> | undefined;
  private refusal: Error | undefined;

  /** Settles when the program's present tick is over, with what all of it declares; refuses what cannot be. */
  settled(): Promise<DeclaredProgram> {
    this.settling ??= new Promise<void>((resolve) => {
      setImmediate(() => {
        this.settling = undefined;
        resolve();
      });
    }).then(() => this.verdict());
    return this.settling;
  }

  /** In a preview each resource's own check says what is wrong with it; a run without preview has to be stopped here. */
  private async verdict(): Promise<DeclaredProgram> {
    const program = { hosts: this.hosts, vgpus: this.vgpus, guests: this.guests };
    if (pulumi.runtime.isDryRun()) return program;
    const { checkProgram } = await import("../provider/plan/declared/check-program.js");
    const { errorText } = await import("../provider/model/errors.js");
    const refusals = checkProgram(program);
    if (refusals.length > 0)
      this.refusal ??= toldOnce(refusals.map(({ parts }) => errorText(parts)).join("\n\n"));
    if (this.refusal !== undefined) throw this.refusal;
    return program;
  }
}

/**
 * Returns the error that every resource of the program fails with. Pulumi reports an error object once, whoever throws
 * it, but each resource would first write the name of its property before the message.
 */
function toldOnce(message: string): Error {
  const error = new pulumi.RunError(message);
  return Object.defineProperty(error, "message", { get: () => message, set: () => {} });
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

/** Adds a host; the promise gives what is declared around it. */
export function declareHost(host: DeclaredHost): Promise<DeclaredProgram> {
  const declarations = ofThisRun();
  declarations.hosts.push(host);
  return declarations.settled().then(({ hosts }) => ({
    hosts: hosts.filter(
      (other) => other === host || (host.connectionKey !== "" && other.connectionKey === host.connectionKey),
    ),
    vgpus: [],
    guests: [],
  }));
}

/** Adds a vGPU; the promise gives its host and every vGPU that is declared on its GPU or parent, or under its UUID. */
export function declareVgpu(vgpu: DeclaredVgpu): Promise<DeclaredProgram> {
  const declarations = ofThisRun();
  declarations.vgpus.push(vgpu);
  return declarations.settled().then(({ hosts, vgpus }) => ({
    hosts: hosts.filter((host) => host.resource === vgpu.host),
    vgpus: vgpus.filter(
      (other) => other.host === vgpu.host && (sameCarrier(other, vgpu) || other.uuid === vgpu.uuid),
    ),
    guests: [],
  }));
}

/** Adds a guest; the promise gives every guest that claims the same machine or vGPU. */
export function declareGuest(guest: DeclaredGuest): Promise<DeclaredProgram> {
  const declarations = ofThisRun();
  declarations.guests.push(guest);
  return declarations.settled().then(({ guests }) => ({
    hosts: [],
    vgpus: [],
    guests: guests.filter(
      (other) =>
        other === guest ||
        (guest.connectionKey !== "" && other.connectionKey === guest.connectionKey) ||
        (guest.device !== null && other.device === guest.device),
    ),
  }));
}

/** Returns a value that is known while the program runs, `undefined` for one that comes later (an output, a promise). */
export function known<T>(value: pulumi.Input<T> | undefined): T | undefined {
  if (pulumi.Output.isInstance(value) || value instanceof Promise) return undefined;
  return value as T | undefined;
}

/** Returns the name under which the program declares a resource; Pulumi's SDK keeps it without typing it. */
export function resourceName(resource: pulumi.Resource): string {
  return (resource as unknown as { readonly __name: string }).__name;
}
