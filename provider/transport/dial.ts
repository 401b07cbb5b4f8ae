import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { Client, type ConnectConfig } from "ssh2";
import { redact, type VgpuError } from "../model/errors.js";
import { type LoginAttempts, loginAttempts } from "./credentials.js";
import { loginRefused } from "./failures.js";
import { type HostKeyTrust, hostKeyTrust } from "./host-key.js";
import { hostKeyText, publicHostKey } from "./known-hosts.js";
import type { Route } from "./route.js";
import { refuseSha1Signatures, withoutSha1 } from "./without-sha1.js";

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
  const until = performance.now() + request.timeoutMs;
  const login = {
    trust: hostKeyTrust(request.route, request.target, request.acceptNew),
    attempts: loginAttempts(request.route),
  };
  const socket = await (request.through === undefined
    ? openSocket(request)
    : openThrough(request, request.through));
  return handshake({ ...request, ...login, timeoutMs: Math.max(1, until - performance.now()) }, socket);
}

function openSocket({ route, timeoutMs }: DialRequest): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: route.host, port: route.port });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new DialError(`no answer to a TCP connection within ${Math.round(timeoutMs)} ms`));
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

/** A bastion may try for minutes to reach a machine that is down. */
async function openThrough({ timeoutMs }: DialRequest, through: () => Promise<Duplex>): Promise<Duplex> {
  let timer: NodeJS.Timeout | undefined;
  let late = false;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late = true;
      reject(new DialError(`no way through the bastion within ${Math.round(timeoutMs)} ms`));
    }, timeoutMs);
  });
  const opened = through();
  opened.then(
    (socket) => late && socket.destroy(),
    () => {},
  );
  return Promise.race([opened, expired]).finally(() => clearTimeout(timer));
}

interface Handshake extends DialRequest {
  readonly trust: HostKeyTrust;
  readonly attempts: LoginAttempts;
}

function handshake(request: Handshake, socket: Duplex): Promise<Dialed> {
  const { timeoutMs } = request;
  const client = new Client();
  const seen: Seen = { stage: "handshake", hostKey: "", refusal: undefined };
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      clearTimeout(timer);
      client.end();
      socket.destroy();
      reject(error);
    };
    const late = () =>
      fail(new DialError(`the SSH ${seen.stage} did not end within ${Math.round(timeoutMs)} ms`));
    const timer = setTimeout(late, timeoutMs);
    client.on("error", (error: Error & { level?: string }) => {
      if (error.level !== "agent") fail(told(request, seen, error));
    });
    client.on("close", () => fail(new DialError(`the connection was closed during the SSH ${seen.stage}`)));
    client.on("handshake", () => {
      refuseSha1Signatures(client);
      seen.stage = "login";
    });
    client.on("ready", () => {
      clearTimeout(timer);
      client.removeAllListeners("close");
      resolve({ client, socket, hostKey: seen.hostKey });
    });
    client.connect(clientConfig(request, socket, seen));
  });
}

interface Seen {
  stage: "handshake" | "login";
  hostKey: string;
  refusal: VgpuError | undefined;
}

function told(request: Handshake, seen: Seen, error: Error & { level?: string }): Error {
  if (seen.refusal !== undefined) return seen.refusal;
  const { target, route, attempts } = request;
  if (error.level === "client-authentication") {
    return loginRefused(target, route, attempts, "SSH user authentication");
  }
  // sshd's word for too many keys tried.
  const tooMany = seen.stage === "login" && /authentication failures/i.test(error.message);
  return tooMany ? loginRefused(target, route, attempts, error.message) : new DialError(error.message);
}

function clientConfig(request: Handshake, socket: Duplex, seen: Seen): ConnectConfig {
  return {
    sock: socket as never,
    username: request.route.user,
    readyTimeout: 0,
    // ssh2's own keepalive timer would keep the process alive: machine.ts sends them while work is under way.
    keepaliveInterval: 0,
    algorithms: { ...withoutSha1, serverHostKey: [...request.trust.algorithms] as never },
    authHandler: request.attempts.authHandler,
    hostVerifier: (wire: Buffer) => {
      const key = publicHostKey(wire);
      seen.hostKey = hostKeyText(key);
      seen.refusal = request.trust.judge(key);
      return seen.refusal === undefined;
    },
  };
}
