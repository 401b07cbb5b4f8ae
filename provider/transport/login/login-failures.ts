import { VgpuError } from "../../model/errors.js";
import { lastLines } from "../../model/evidence.js";
import type { Route } from "../config/route.js";
import { DialError } from "../link/dial-error.js";
import { markBeyond } from "./beyond.js";
import { doesNotSign, type LoginReport } from "./login-report.js";

/** The machine logs nobody in. @param reason what ended it, as SSH says it */
export function loginRefused(target: string, route: Route, report: LoginReport, reason: string): VgpuError {
  const error = new VgpuError({
    code: "VGPU_LOGIN",
    where: target,
    what: `cannot log in as ${route.user}`,
    saw: `${seen(report)} (${reason})`,
    expected: `a key or password that logs in as ${route.user}`,
    next: nextStep(route, report, reason),
  });
  markBeyond(error, report.beyond);
  return error;
}

/** The machine hangs up in the middle of a login, with a word. Source: pam_unix and pam_nologin, by sshd. */
export function loginEnded(target: string, route: Route, words: string): Error {
  const said = lastLines(words);
  if (/booting up|going down|shutting down|not permitted to log in|nologin/i.test(words))
    return new DialError(`the connection was closed before the end of the SSH login: ${said}`);
  const { user } = route;
  return new VgpuError({
    code: "VGPU_LOGIN",
    where: target,
    what: `cannot log in as ${user}: the machine hangs up`,
    saw: `${said} (SSH login)`,
    expected: "an account that may log in",
    next: /account has expired/i.test(words)
      ? `renew the account on the machine (chage -E -1 ${user}), or use another one`
      : `look at what the machine logs of this login (journalctl -u ssh), and at the account (chage -l ${user}), or use another one`,
  });
}

function seen({ tried, unusable, offered, accepted, prompts, beyond }: LoginReport): string {
  const refused = tried.length === 0 ? [] : [`refused: ${tried.join(", ")}`];
  const parts =
    accepted.length > 0
      ? [`accepted: ${accepted.join(", ")}`, `besides, the machine wants ${offered.join(" or ")}`]
      : refused;
  if (parts.length === 0) parts.push("nothing to log in with");
  if (accepted.length > 0) parts.push(...refused);
  if (prompts.length > 0)
    parts.push(`it asks: ${prompts.map((prompt) => JSON.stringify(prompt)).join(", ")}`);
  if (beyond.length > 0) parts.push(`there is ${beyond.join(", ")}, which only OpenSSH can use`);
  if (unusable.length > 0) parts.push(`not tried: ${unusable.join(", ")}`);
  if (accepted.length === 0 && offered.length > 0) parts.push(`the machine takes ${offered.join(", ")}`);
  return parts.join("; ");
}

function nextStep(
  route: Route,
  { accepted, offered, tried, unusable, beyond }: LoginReport,
  reason: string,
): string {
  const { privateKey, privateKeyPath, privateKeyEnv, password } = route.connection;
  if (accepted.length > 0 && offered.every((method) => method === "publickey"))
    return `name another key besides (IdentityFile in ~/.ssh/config, or an agent), or let this account log in with one factor (AuthenticationMethods in the machine's sshd_config)`;
  if (accepted.length > 0) {
    const more = password === undefined ? "set connection.password if that is what it asks for, or " : "";
    return `${more}let this account log in with one factor (AuthenticationMethods in the machine's sshd_config): nobody is there to be asked`;
  }
  const named = privateKey ?? privateKeyPath ?? privateKeyEnv;
  if (isTooMany(reason) && named === undefined)
    return "name the one key: IdentityFile and IdentitiesOnly in ~/.ssh/config, or connection.privateKeyPath; the machine hangs up after some that it does not take";
  if (beyond.length > 0)
    return `let connection name another key, or install OpenSSH's client here and leave connection.transport out`;
  if (unusable.some((text) => text.includes(doesNotSign)))
    return "unlock the agent, or confirm what it asks, on the machine that runs Pulumi; or let connection name a key in a file";
  const locked = unusable.find((text) => badMode.test(text));
  if (locked !== undefined && tried.length === 0)
    return "let nobody but its owner read the key's file (chmod 600): OpenSSH uses no other";
  if (tried.length === 0 && password === undefined && offered.length > 0 && !offered.includes("publickey"))
    return `set connection.password: the machine takes no key to begin with (AuthenticationMethods, PubkeyAuthentication in its sshd_config)`;
  const cached =
    privateKey === undefined && password === undefined
      ? ""
      : "; if it comes from the stack's configuration and was changed since the last run, Pulumi's refresh still uses the old one: run `pulumi up --refresh=false` once";
  if (tried.length === 0)
    return `name a key in connection.privateKeyPath or ~/.ssh/config, or let an agent have it (SSH_AUTH_SOCK)${cached}`;
  return `add the public key to ~${route.user}/.ssh/authorized_keys on the machine, or correct the key that connection names${cached}`;
}

/** OpenSSH's word for a key that others may read. */
const badMode = /bad permissions/;

/** sshd's word for too many keys tried. */
export function isTooMany(reason: string): boolean {
  return /too many authentication failures/i.test(reason);
}
