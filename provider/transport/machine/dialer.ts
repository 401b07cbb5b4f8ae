import type { Duplex } from "node:stream";
import { redactLater } from "../../model/errors.js";
import { dial } from "../builtin/dial.js";
import { dialSeconds, type Route } from "../config/route.js";
import type { DialRequest } from "../link/dial-request.js";
import type { DialTerms } from "../link/dial-terms.js";
import type { Link } from "../link/link.js";
import { beyondOf } from "../login/beyond.js";
import { dialByOpenSsh } from "../openssh/openssh-dial.js";
import { OpenSshLink } from "../openssh/openssh-link.js";
import { mayUseOpenSsh, type Transport } from "./transport-choice.js";

/** How long a machine that is connected may take until a login, milliseconds: name servers that do not answer cost it 10 s each. */
const slowestMs = 45_000;

/** A machine through which another one is reached. */
export interface Bastion {
  connect(terms: DialTerms): Promise<Link>;
  forward(host: string, port: number, terms: DialTerms): Promise<Duplex>;
  hold(): void;
  release(): void;
}

/** What is settled about a machine before it is dialed. */
export interface DialerTerms {
  /** For messages. */
  readonly target: string;
  readonly transport: Transport;
  /** Returns the machine through which it is reached, by that transport. */
  readonly bastionBy: (transport: Transport) => Bastion | undefined;
}

/** By what one machine is dialed, and through which other. */
export class Dialer {
  /** The user's own `ssh` takes over when only that can log in. */
  transport: Transport;
  bastion: Bastion | undefined;
  readonly target: string;
  private readonly bastionBy: DialerTerms["bastionBy"];

  constructor({ target, transport, bastionBy }: DialerTerms) {
    this.target = target;
    this.transport = transport;
    this.bastionBy = bastionBy;
    this.bastion = bastionBy(transport);
  }

  /** Dials once, by the transport that can. */
  async dial(route: Route, terms: DialTerms, remainingMs: number): Promise<Link> {
    const { target } = this;
    const acceptNew = terms.acceptNewHostKey && route.connection.acceptNew === true;
    if (route.connection.sudoPassword !== undefined) redactLater(route.connection.sudoPassword);
    const declared = dialSeconds(route);
    const timeoutMs = Math.min((declared ?? 15) * 1000, remainingMs);
    // OpenSSH waits for as long as the server does where nobody says how long.
    const handshakeMs =
      declared === undefined ? (terms.patient ? slowestMs : Math.min(slowestMs, remainingMs)) : 0;
    const began = performance.now();
    const request = {
      route,
      target,
      acceptNew,
      timeoutMs,
      handshakeMs,
      onSlow: (what: string) => terms.onWait?.(performance.now() - began, `connected, and waits for ${what}`),
    };
    return this.dialBest(request, { ...terms, deadlineMs: remainingMs });
  }

  /** A login that only OpenSSH can do is its own to try, where nobody has said by what the machine is reached. */
  private async dialBest(request: DialRequest, terms: DialTerms): Promise<Link> {
    try {
      return await this.dialBy(request, terms);
    } catch (error) {
      const because = beyondOf(error)[0];
      if (this.transport.name === "openssh" || because === undefined || !mayUseOpenSsh(request.route))
        throw error;
      this.transport = { name: "openssh", because };
      this.bastion = this.bastionBy(this.transport);
      return this.dialBy(request, terms);
    }
  }

  private async dialBy(request: DialRequest, terms: DialTerms): Promise<Link> {
    const { bastion } = this;
    const { route } = request;
    bastion?.hold();
    try {
      if (this.transport.name === "openssh") {
        const first = bastion && (await bastion.connect(terms));
        return await dialByOpenSsh({ ...request, ...(first instanceof OpenSshLink && { bastion: first }) });
      }
      const through = bastion && (() => bastion.forward(route.host, route.port, terms));
      return await dial({ ...request, ...(through && { through }) });
    } finally {
      bastion?.release();
    }
  }
}
