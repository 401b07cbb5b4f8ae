import { readFileSync } from "node:fs";
import type { AnyAuthMethod, AuthHandlerMiddleware } from "ssh2";
import { utils } from "ssh2";
import { redactLater } from "../model/errors.js";
import { StrongAgent } from "./agent.js";
import { expandHome, homePath } from "./home-path.js";
import { keyWeakness } from "./key-weakness.js";
import type { Route } from "./route.js";

/** One way to log in: `label` says where it comes from, for messages, and never holds a secret. */
interface Credential {
  readonly label: string;
  /** SSH's name of the method, as a server lists it. */
  readonly offeredAs: "publickey" | "password" | "keyboard-interactive";
  readonly method: AnyAuthMethod;
}

/** The ways to log in to one machine, and what became of them. */
export interface LoginAttempts {
  readonly authHandler: AuthHandlerMiddleware;
  /** What was tried and what could not be, e.g. `"connection.privateKeyPath ~/.ssh/id (cannot be read: ENOENT)"`. */
  report(): {
    readonly tried: readonly string[];
    readonly unusable: readonly string[];
    readonly offered: readonly string[];
  };
}

/** Keys tried after which the rest is left out: sshd hangs up after 6 failures (MaxAuthTries). */
const mostKeys = 5;

/** Returns the ways to log in, in order: what the connection names, `~/.ssh/config`, agent, default key files. */
export function loginAttempts(route: Route): LoginAttempts {
  const unusable: string[] = [];
  const queue = collect(route, unusable);
  const tried: string[] = [];
  let offered: readonly string[] = [];
  let asked = false;
  const fits = ({ offeredAs }: Credential) => offered.length === 0 || offered.includes(offeredAs);
  return {
    authHandler(methodsLeft, _partialSuccess, next) {
      if (methodsLeft !== null) offered = methodsLeft;
      if (!asked) {
        asked = true;
        // "none" makes the server list its methods, so that keys are not counted as failures where only passwords go.
        next({ type: "none", username: route.user });
        return;
      }
      // What does not fit now stays: after a first factor a server asks for another method.
      const at = queue.findIndex(fits);
      const credential = at === -1 ? undefined : queue.splice(at, 1)[0];
      if (credential !== undefined) tried.push(credential.label);
      // The types of ssh2 leave out `false`, its documented way to say that nothing is left.
      next(credential?.method ?? (false as unknown as AnyAuthMethod));
    },
    report() {
      const left = queue.filter((credential) => !fits(credential));
      const refused = left.map(({ label, offeredAs }) => `${label} (${offeredAs} is not offered)`);
      return { tried, unusable: [...unusable, ...refused], offered };
    },
  };
}

function collect(route: Route, unusable: string[]): Credential[] {
  const explicit = explicitKeys(route, unusable);
  const configured = route.identityFiles.flatMap((file) =>
    keyFile(route, file, "IdentityFile of ~/.ssh/config", unusable),
  );
  const agent =
    route.identitiesOnly && route.connection.agentSocketPath === undefined ? [] : agentKeys(route, unusable);
  const { connection } = route;
  const named =
    connection.privateKey ?? connection.password ?? connection.privateKeyPath ?? connection.privateKeyEnv;
  const defaults = named === undefined && route.identityFiles.length === 0 ? defaultKeys(route) : [];
  const keys = [...explicit, ...configured].slice(0, mostKeys);
  const inline = connection.privateKey === undefined ? [] : keys.splice(0, 1);
  return [...inline, ...passwords(route), ...keys, ...agent, ...defaults];
}

function explicitKeys(route: Route, unusable: string[]): Credential[] {
  const { privateKey, privateKeyPath, privateKeyEnv } = route.connection;
  const found: Credential[] = [];
  if (privateKey !== undefined) found.push(...keyText(route, privateKey, "connection.privateKey", unusable));
  if (privateKeyPath !== undefined)
    found.push(...keyFile(route, privateKeyPath, "connection.privateKeyPath", unusable));
  if (privateKeyEnv !== undefined) {
    const label = `connection.privateKeyEnv ${privateKeyEnv}`;
    const text = process.env[privateKeyEnv];
    if (text === undefined || text === "") unusable.push(`${label} (not set in the environment)`);
    else found.push(...keyText(route, text, label, unusable));
  }
  return found;
}

function defaultKeys(route: Route): Credential[] {
  const names = ["id_ed25519", "id_ecdsa", "id_rsa"];
  return names.flatMap((name) => keyFile(route, homePath(".ssh", name), "default key", []));
}

function keyFile(route: Route, path: string, source: string, unusable: string[]): Credential[] {
  const label = `${source} ${path}`;
  try {
    return keyText(route, readFileSync(expandHome(path), "utf8"), label, unusable);
  } catch (error) {
    unusable.push(`${label} (cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown error"})`);
    return [];
  }
}

function keyText(route: Route, text: string, label: string, unusable: string[]): Credential[] {
  const passphrase = route.connection.privateKeyPassword;
  redactKey(text);
  if (passphrase !== undefined) redactLater(passphrase);
  const parsed = utils.parseKey(text, passphrase);
  if (parsed instanceof Error) {
    const encrypted = /passphrase|encrypted/i.test(parsed.message);
    unusable.push(
      `${label} (${encrypted ? "is encrypted: set connection.privateKeyPassword or use an agent" : "is not a private key that can be read"})`,
    );
    return [];
  }
  const weakness = [parsed].flat().map(keyWeakness)[0];
  if (weakness !== undefined) {
    unusable.push(`${label} (${weakness})`);
    return [];
  }
  const method = {
    type: "publickey" as const,
    username: route.user,
    key: text,
    ...(passphrase === undefined ? {} : { passphrase }),
  };
  return [{ label, offeredAs: "publickey", method }];
}

/** Lines of a key are secrets each: an error may quote one of them. */
function redactKey(text: string): void {
  redactLater(text);
  for (const line of text.split(/\r?\n/)) {
    if (line.length >= 20 && !line.startsWith("-----")) redactLater(line);
  }
}

function agentKeys(route: Route, unusable: string[]): Credential[] {
  const agent = route.agentSocketPath;
  if (agent === undefined || agent === "") return [];
  const label = `agent ${agent}`;
  const strong = new StrongAgent(agent, (why) => unusable.push(`${label} (${why})`));
  return [{ label, offeredAs: "publickey", method: { type: "agent", username: route.user, agent: strong } }];
}

function passwords(route: Route): Credential[] {
  const { password } = route.connection;
  if (password === undefined) return [];
  redactLater(password);
  const username = route.user;
  return [
    { label: "connection.password", offeredAs: "password", method: { type: "password", username, password } },
    {
      label: "connection.password (keyboard-interactive)",
      offeredAs: "keyboard-interactive",
      method: {
        type: "keyboard-interactive",
        username,
        prompt: (_name, _instructions, _lang, prompts, finish) => finish(prompts.map(() => password)),
      },
    },
  ];
}
