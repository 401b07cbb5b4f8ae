import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { Client, type ConnectConfig } from "ssh2";
import type { VgpuError } from "../../model/errors.js";
import { seconds } from "../../model/evidence.js";
import { DialError } from "../link/dial-error.js";
import type { DialRequest } from "../link/dial-request.js";
import type { Link } from "../link/link.js";
import { lacksAlgorithm, lacksForLibrary } from "../login/algorithm-failures.js";
import { type LoginAttempts, loginAttempts } from "../login/login-attempts.js";
import { isTooMany, loginEnded, loginRefused } from "../login/login-failures.js";
import { type HostKeyTrust, hostKeyTrust } from "../trust/host-key.js";
import { hostKeyText, publicHostKey } from "../trust/known-hosts.js";
import { BuiltinLink } from "./builtin-link.js";
import { openByCommand } from "./proxy-command.js";
import { refuseSha1Signatures, withoutSha1 } from "./without-sha1.js";

/**
 * Returns one connection after key exchange, host key check and login.
 * @throws VGPU_HOST_KEY, VGPU_LOGIN, or a DialError for what may pass by itself
 */
export async function dial(request: DialRequest): Promise<Link> {
  const until = performance.now() + request.timeoutMs;
  const login = {
    trust: hostKeyTrust(request.route, request.target, request.acceptNew),
    attempts: await loginAttempts(request.route),
  };
  const socket = await openWay(request);
  const leftMs = Math.max(1, until - performance.now());
  return handshake({ ...request, ...login, timeoutMs: Math.max(leftMs, request.handshakeMs ?? 0) }, socket);
}

function openWay(request: DialRequest): Promise<Duplex> {
  const { route, through } = request;
  if (through !== undefined) return openThrough(request, through);
  return route.proxyCommand === undefined ? openSocket(request) : openByCommand(route.proxyCommand);
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
      reject(
        new DialError(error.message || (error.code ?? "socket error"), {
          unknownName: error.code === "ENOTFOUND",
        }),
      );
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

function handshake(request: Handshake, socket: Duplex): Promise<Link> {
  const { timeoutMs } = request;
  const client = new Client();
  const seen: Seen = { stage: "banner", hostKey: "", refusal: undefined, words: "" };
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      clearTimeout(timer);
      clearInterval(telling);
      client.end();
      socket.destroy();
      reject(error);
    };
    const late = () =>
      fail(
        new DialError(`connected, but without ${stages[seen.stage]} within ${seconds(timeoutMs)}`, {
          slow: true,
        }),
      );
    const timer = setTimeout(late, timeoutMs);
    const telling = setInterval(() => request.onSlow?.(stages[seen.stage]), 5_000);
    client.on("error", (error: Error & { level?: string }) => {
      if (error.level !== "agent") fail(told(request, seen, error));
    });
    client.on("close", () =>
      fail(lost(request, seen, `the connection was closed before ${stages[seen.stage]}`)),
    );
    client.on("banner", (text) => {
      // Before that it is what the machine shows everybody.
      if (request.attempts.begun()) seen.words = text;
    });
    client.on("handshake", () => {
      refuseSha1Signatures(client);
      seen.stage = "login";
    });
    client.on("ready", () => {
      clearTimeout(timer);
      clearInterval(telling);
      client.removeAllListeners("close");
      resolve(new BuiltinLink(client, socket, seen.hostKey));
    });
    client.connect(clientConfig(request, socket, seen));
    request.attempts.watch(client);
    socket.once("data", () => {
      if (seen.stage === "banner") seen.stage = "handshake";
    });
  });
}

/** What a machine that is connected is waited for, one after the other. */
const stages = {
  banner: "the first line of its SSH server",
  handshake: "the end of the SSH key exchange",
  login: "the end of the SSH login",
};

interface Seen {
  stage: keyof typeof stages;
  hostKey: string;
  refusal: VgpuError | undefined;
  /** What the machine said of a login after a key or a password. */
  words: string;
}

function lost({ target, route }: Handshake, { stage, words }: Seen, message: string): Error {
  return stage === "login" && words.trim() !== "" ? loginEnded(target, route, words) : new DialError(message);
}

function told(request: Handshake, seen: Seen, error: Error & { level?: string }): Error {
  if (seen.refusal !== undefined) return seen.refusal;
  const { target, route, attempts } = request;
  if (error.level === "client-authentication") {
    return loginRefused(target, route, attempts.report(), "SSH user authentication");
  }
  if (lacksAlgorithm(error.message)) return lacksForLibrary(target, error.message);
  return seen.stage === "login" && isTooMany(error.message)
    ? loginRefused(target, route, attempts.report(), error.message)
    : lost(request, seen, error.message);
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
