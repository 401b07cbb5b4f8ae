import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { Client } from "ssh2";
import { redact, type VgpuError } from "../model/errors.js";
import { type LoginAttempts, loginAttempts } from "./credentials.js";
import { loginRefused } from "./failures.js";
import { type HostKeyTrust, hostKeyTrust } from "./host-key.js";
import { hostKeyText, publicHostKey } from "./known-hosts.js";
import type { Route } from "./ssh-alias.js";

/** A connection that is logged in. */
export interface Dialed {
  readonly client: Client;
  readonly socket: Duplex;
  /** `"ssh-ed25519 AAAA…"` */
  readonly hostKey: string;
}

/** A dial that failed in a way that may pass: the machine is down, starting, or has too many visitors. */
export class DialError extends Error {
  /** The name of the machine is not known: passes only while a machine that was there before reboots. */
  readonly unknownName: boolean;

  constructor(message: string, unknownName = false) {
    super(redact(message));
    this.unknownName = unknownName;
  }
}

/** One dial: where to, and what is accepted there. */
export interface DialRequest {
  readonly route: Route;
  readonly target: string;
  readonly acceptNew: boolean;
  readonly timeoutMs: number;
  /** Opens the way to the machine's SSH port through a bastion; without it the socket is direct. */
  readonly through?: () => Promise<Duplex>;
}

/**
 * Returns one connection after key exchange, host key check and login.
 * @throws VGPU_HOST_KEY, VGPU_LOGIN, or a DialError for what may pass by itself
 */
export async function dial(request: DialRequest): Promise<Dialed> {
  const until = Date.now() + request.timeoutMs;
  const login = {
    trust: hostKeyTrust(request.route, request.target, request.acceptNew),
    attempts: loginAttempts(request.route),
  };
  const socket = await (request.through?.() ?? openSocket(request.route, request.timeoutMs));
  return handshake({ ...request, ...login, timeoutMs: Math.max(1, until - Date.now()) }, socket);
}

function openSocket(route: Route, timeoutMs: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: route.host, port: route.port });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new DialError(`no answer to a TCP connection within ${timeoutMs} ms`));
    }, timeoutMs);
    socket.once("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(new DialError(error.message || (error.code ?? "socket error"), error.code === "ENOTFOUND"));
    });
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      // Without it each request waits for an acknowledgement (Nagle): 219 ms in place of 117 ms, measured.
      socket.setNoDelay(true);
      socket.setKeepAlive(true, 15_000);
      resolve(socket);
    });
  });
}

interface Handshake extends DialRequest {
  readonly trust: HostKeyTrust;
  readonly attempts: LoginAttempts;
}

function handshake(request: Handshake, socket: Duplex): Promise<Dialed> {
  const { route, target, trust, attempts, timeoutMs } = request;
  const client = new Client();
  let hostKey = "";
  let refusal: VgpuError | undefined;
  return new Promise((resolve, reject) => {
    let stage: "handshake" | "login" = "handshake";
    const fail = (error: Error) => {
      clearTimeout(timer);
      client.end();
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(
      () => fail(new DialError(`the SSH ${stage} did not end within ${timeoutMs} ms`)),
      timeoutMs,
    );
    client.on("error", (error: Error & { level?: string }) => {
      if (refusal !== undefined) fail(refusal);
      else if (error.level === "client-authentication") {
        fail(loginRefused(target, route, attempts, "SSH user authentication"));
      } else if (stage === "login" && /authentication failures/i.test(error.message)) {
        fail(loginRefused(target, route, attempts, error.message));
      } else if (error.level !== "agent") fail(new DialError(error.message));
    });
    client.on("close", () => fail(new DialError(`the connection was closed during the SSH ${stage}`)));
    client.on("handshake", () => {
      stage = "login";
    });
    client.on("ready", () => {
      clearTimeout(timer);
      client.removeAllListeners("close");
      resolve({ client, socket, hostKey });
    });
    client.connect({
      sock: socket as never,
      username: route.user,
      readyTimeout: 0,
      // ssh2's own keepalive timer would keep the process alive: machine.ts sends them while work is under way.
      keepaliveInterval: 0,
      algorithms: { serverHostKey: [...trust.algorithms] as never },
      authHandler: attempts.authHandler,
      hostVerifier: (wire: Buffer) => {
        const key = publicHostKey(wire);
        hostKey = hostKeyText(key);
        refusal = trust.judge(key);
        return refusal === undefined;
      },
    });
  });
}
