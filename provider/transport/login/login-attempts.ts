import type { AnyAuthMethod, AuthHandlerMiddleware, Client } from "ssh2";
import type { Route } from "../config/route.js";
import type { Credential } from "./credential.js";
import { collectCredentials } from "./credentials.js";
import { doesNotSign, type LoginReport } from "./login-report.js";

/** The ways to log in to one machine, and what became of them. */
export interface LoginAttempts {
  readonly authHandler: AuthHandlerMiddleware;
  /** Listens to what the machine answers; to be called when the connection begins. */
  watch(client: Client): void;
  /** Whether a key or a password was shown. */
  begun(): boolean;
  report(): LoginReport;
}

/** What a person would be asked for is not known here; what the machine asks is told. */
const mostPrompts = 4;

/** Returns the ways to log in, in order: what the connection names, `~/.ssh/config`, agent, default key files. */
export async function loginAttempts(route: Route): Promise<LoginAttempts> {
  const prompts: string[] = [];
  let attempts: Attempts | undefined;
  const asked = (texts: readonly string[]) => {
    for (const text of texts) if (prompts.length < mostPrompts) prompts.push(text.trim().slice(0, 100));
  };
  const found = await collectCredentials(route, { asked, unanswered: () => attempts?.giveUp() });
  attempts = new Attempts(route, found, prompts);
  return attempts;
}

class Attempts implements LoginAttempts {
  private readonly tried: Credential[] = [];
  private readonly accepted: string[] = [];
  private offered: readonly string[] = [];
  private asked = false;
  private heard = false;
  private client: Client | undefined;
  readonly authHandler: AuthHandlerMiddleware;

  constructor(
    private readonly route: Route,
    private readonly found: Awaited<ReturnType<typeof collectCredentials>>,
    private readonly prompts: readonly string[],
  ) {
    this.authHandler = (methodsLeft, _partialSuccess, next) => {
      if (methodsLeft !== null && !this.heard) this.answered(methodsLeft, false);
      // The types of ssh2 leave out `false`, its documented way to say that nothing is left.
      next(this.next() ?? (false as unknown as AnyAuthMethod));
    };
  }

  /** The SSH library does not say what an agent's key came to when it was one factor of several. */
  watch(client: Client): void {
    this.client = client;
    const { _protocol: protocol } = client as unknown as { _protocol: { _handlers: Handlers } };
    const handlers = protocol._handlers;
    const failed = handlers.USERAUTH_FAILURE;
    handlers.USERAUTH_FAILURE = (peer, methods, partial) => {
      this.heard = true;
      this.answered(methods, partial);
      failed(peer, methods, partial);
    };
  }

  /** Ends the login as if all were refused. */
  giveUp(): void {
    const refused = new Error("nothing answers what the machine asks");
    this.client?.emit("error", Object.assign(refused, { level: "client-authentication" }));
  }

  begun(): boolean {
    return this.tried.length > 0;
  }

  report(): LoginReport {
    const { unusable, queue } = this.found;
    const ticket = this.route.gssapi && this.offered.includes("gssapi-with-mic");
    const beyond = [...this.found.beyond, ...(ticket ? ["GSSAPIAuthentication of ~/.ssh/config"] : [])];
    // A first factor that was accepted makes the other ones of its kind superfluous.
    const left = this.accepted.length > 0 ? [] : queue.filter((one) => one.label !== "" && !this.fits(one));
    const refused = left.map(({ label, offeredAs }) => `${label} (${offeredAs} is not offered)`);
    const { offered, accepted, prompts } = this;
    const shown = this.tried.filter(({ label }) => label !== "" && !accepted.includes(label));
    const unsigned = shown.flatMap(({ label, unsigned: why }) => {
      const said = why?.();
      return said === undefined ? [] : [{ label, text: `${label} (the agent ${doesNotSign}: ${said})` }];
    });
    const tried = shown
      .map(({ label }) => label)
      .filter((label) => unsigned.every((one) => one.label !== label));
    return {
      tried,
      unusable: [...unusable, ...unsigned.map(({ text }) => text), ...refused],
      offered,
      accepted,
      prompts,
      beyond,
    };
  }

  private answered(methods: readonly string[], partial: boolean): void {
    this.offered = methods;
    const label = this.tried.at(-1)?.label;
    if (partial && label !== undefined && !this.accepted.includes(label)) this.accepted.push(label);
  }

  private next(): AnyAuthMethod | undefined {
    if (!this.asked) {
      this.asked = true;
      // "none" makes the server list its methods, so that keys are not counted as failures where only passwords go.
      return { type: "none", username: this.route.user };
    }
    // What does not fit now stays: after a first factor a server asks for another method.
    const { queue } = this.found;
    const at = queue.findIndex((credential) => this.fits(credential));
    const credential = at === -1 ? undefined : queue.splice(at, 1)[0];
    if (credential !== undefined) this.tried.push(credential);
    return credential?.method;
  }

  private fits({ offeredAs, asSecond }: Credential): boolean {
    if (asSecond === true && this.accepted.length === 0) return false;
    return this.offered.length === 0 || this.offered.includes(offeredAs);
  }
}

interface Handlers {
  USERAUTH_FAILURE: (peer: unknown, methods: readonly string[], partial: boolean) => void;
}
