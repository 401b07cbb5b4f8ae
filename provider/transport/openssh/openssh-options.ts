import { existsSync } from "node:fs";
import { account, defaultKeyFiles, expandHome, homePath } from "../config/home-path.js";
import { dialSeconds, type Route } from "../config/route.js";
import type { HostKeyTrust } from "../trust/host-key.js";
import { hostKeyText, type PublicHostKey } from "../trust/known-hosts.js";
import { newerOptions } from "./known-options.js";

/** The name under which the private list of host keys knows the machine. */
export const listedName = "pulumi-vgpu-machine";

/** Files of one connection, in its private folder. */
export interface ConnectionFiles {
  readonly config: string;
  readonly knownHosts: string;
}

/** Returns the list of host keys that OpenSSH may take for the machine. */
export function knownHostsText(keys: readonly PublicHostKey[]): string {
  return keys.map((key) => `${listedName} ${hostKeyText(key)}\n`).join("");
}

/**
 * Returns how OpenSSH is asked for a machine: its user's own configuration, what the connection says before that, and our rules
 * for host keys and algorithms before all.
 * @param through how a bastion's connection opens the way, in the words of a shell
 */
export function sshArguments(
  route: Route,
  files: ConnectionFiles,
  { trust, through }: { readonly trust: HostKeyTrust; readonly through: string | undefined },
): string[] {
  const { connection } = route;
  const seconds = dialSeconds(route);
  const options = [
    "BatchMode=yes",
    "LogLevel=DEBUG1",
    "StrictHostKeyChecking=yes",
    `UserKnownHostsFile=${quoted(files.knownHosts)}`,
    "GlobalKnownHostsFile=none",
    ...newerOptions(),
    "VerifyHostKeyDNS=no",
    "NoHostAuthenticationForLocalhost=no",
    `HostKeyAlias=${listedName}`,
    `HostKeyAlgorithms=${trust.algorithms.join(",")}`,
    "KexAlgorithms=-*-sha1",
    "MACs=-*sha1*,*md5*",
    "ServerAliveInterval=10",
    "ServerAliveCountMax=2",
    "TCPKeepAlive=yes",
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "RequestTTY=no",
    "Tunnel=no",
    ...(seconds === undefined ? [] : [`ConnectTimeout=${Math.ceil(seconds)}`]),
    ...identityFiles(route).map((path) => `IdentityFile=${quoted(path)}`),
    // OpenSSH would offer all the agent's other keys before the file that is named.
    ...(connection.privateKeyPath === undefined || connection.agentSocketPath !== undefined
      ? []
      : ["IdentitiesOnly=yes"]),
    ...(connection.agentSocketPath === undefined
      ? []
      : [`IdentityAgent=${quoted(expandHome(connection.agentSocketPath))}`]),
    ...(through === undefined ? [] : [`ProxyCommand=${through}`]),
  ];
  return [
    "-F",
    files.config,
    "-N",
    "-T",
    ...options.flatMap((option) => ["-o", option]),
    "-p",
    String(route.port),
    "-l",
    route.user,
  ];
}

/** OpenSSH takes `~`, and looks for its usual keys, in the home folder of the account, whatever HOME says; ours is HOME. */
function identityFiles({ connection, identityFiles, noIdentityFile }: Route): readonly string[] {
  if (connection.privateKeyPath !== undefined) return [expandHome(connection.privateKeyPath)];
  if (homePath() === account()?.home || noIdentityFile) return [];
  if (identityFiles.length > 0) return identityFiles;
  return defaultKeyFiles().filter((path) => existsSync(path));
}

/** A value of OpenSSH's configuration, which has tokens and quotes of its own. */
function quoted(path: string): string {
  return `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%")}"`;
}
