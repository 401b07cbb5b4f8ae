import * as pulumi from "@pulumi/pulumi";
import type { DeclaredProgram } from "../../../provider/plan/declared/program.js";
// What the SDK loads late is loaded before any test: else mutation testing takes its tables for what the first test ran.
import "../../../provider/plan/declared/check-program.js";

/** What a resource was registered with. */
export interface Registered {
  readonly declared?: DeclaredProgram;
  readonly [property: string]: unknown;
}

/** A run of a program without an engine. */
export interface MockedRun {
  /** Resolves with what a resource was registered with, as soon as it was. */
  registered(name: string): Promise<Registered>;
  /** Whether what was declared around a resource was marked as secret. */
  isSecret(name: string): boolean;
  /** Names, in the order of registration. */
  readonly order: readonly string[];
}

/** Stands in for the engine: takes what is registered, and gives a vGPU its place. */
export async function startRun({ preview = true } = {}): Promise<MockedRun> {
  const inputs = new Map<string, Registered>();
  const secrets = new Set<string>();
  const waiting = new Map<string, (registered: Registered) => void>();
  const newResource = ({ type, name, inputs: given }: { type: string; name: string; inputs: Registered }) => {
    if (pulumi.runtime.isRpcSecret(given.declared)) secrets.add(name);
    const plain = { ...given, ...(given.declared && { declared: withoutMark(given.declared) }) };
    if (type !== pulumi.runtime.rootPulumiStackTypeName) inputs.set(name, plain);
    waiting.get(name)?.(plain);
    return { id: `id-of-${name}`, state: { ...given, vgpuInterface: "mdev-on-vf", parent: "0000:3b:00.4" } };
  };
  await pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "shop", "dev", preview);
  // Each run has a stack of its own: what is declared is gathered by it.
  await pulumi.runtime.runInPulumiStack(async () => ({}));
  await (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs();
  return {
    registered(name) {
      const known = inputs.get(name);
      return known === undefined
        ? new Promise((resolve) => waiting.set(name, resolve))
        : Promise.resolve(known);
    },
    isSecret: (name) => secrets.has(name),
    get order() {
      return [...inputs.keys()];
    },
  };
}

/** The mark of a secret stands around all of a property that has one in it; the engine takes it off for our provider. */
function withoutMark(declared: DeclaredProgram): DeclaredProgram {
  const plain = pulumi.runtime.isRpcSecret(declared) ? pulumi.runtime.unwrapRpcSecret(declared) : declared;
  return typeof plain === "string" ? JSON.parse(plain) : plain;
}

/** Returns the names of what is declared of a kind. */
export function namesOf(declared: DeclaredProgram | undefined, kind: "hosts" | "vgpus" | "guests"): string[] {
  return (declared?.[kind] ?? []).map(({ resource }) => resource).sort();
}
