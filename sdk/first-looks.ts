import * as pulumi from "@pulumi/pulumi";
import type { DeclaredLook } from "../provider/plan/declared/program.js";
import { notKnown, partAtOnce, resourcesBehind } from "./soon.js";

/** How many resources hand down what all of them are: nobody knows which one the engine checks first. */
const mostCarriers = 16;
/** How long the others wait for these, milliseconds. */
const headStartMs = 50;

/** The machines of one run of a program that can be looked at as soon as it has ended. */
export class FirstLooks {
  private readonly looks: Promise<DeclaredLook | undefined>[] = [];
  private carriers = 0;

  /** Adds a machine, unless its connection is left to the state or waits for a resource. */
  add({ kind, resource, connection, row }: DeclaredLook): void {
    if (connection === undefined || resourcesBehind([connection]).length > 0) return;
    const known = Promise.all([partAtOnce(pulumi.output(connection), []), partAtOnce(row, [])]);
    const look = known.then(([whereTo, urn]) =>
      whereTo === notKnown || urn === notKnown
        ? undefined
        : { kind, resource, connection: whereTo, row: urn },
    );
    this.looks.push(look);
  }

  /**
   * Returns all of them to the first that ask; the others wait a moment, so that one of those is the first that the engine
   * checks. One secret text: nothing in it has to be put together when it is sent.
   */
  async take(): Promise<pulumi.Output<string> | undefined> {
    if (this.looks.length < 2) return undefined;
    if (++this.carriers > mostCarriers) {
      await new Promise((resolve) => setTimeout(resolve, headStartMs));
      return undefined;
    }
    const known = (await Promise.all(this.looks)).filter((look) => look !== undefined);
    return pulumi.secret(JSON.stringify(known));
  }
}
