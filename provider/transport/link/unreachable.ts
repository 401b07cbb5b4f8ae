import { VgpuError } from "../../model/errors.js";
import { seconds } from "../../model/evidence.js";
import type { Route } from "../config/route.js";

/** What became of dialing until a deadline. */
export interface DialEvidence {
  readonly target: string;
  readonly route: Route;
  readonly dials: number;
  readonly elapsedMs: number;
  readonly last: string;
  /** The machine was connected, and took too long. */
  readonly slow?: boolean;
}

export function unreachable(evidence: DialEvidence): VgpuError {
  const { route, dials } = evidence;
  const way = route.via === undefined ? "" : ` through ${route.via.user}@${route.via.host}:${route.via.port}`;
  return new VgpuError({
    code: "VGPU_UNREACHABLE",
    where: evidence.target,
    what: `no SSH connection after ${seconds(evidence.elapsedMs)}`,
    saw: `${evidence.last} (${dials === 1 ? "one dial" : `${dials} dials`} of ${route.host}:${route.port}${way})`,
    expected: `an SSH server at ${route.host}:${route.port}${way}`,
    next: evidence.slow === true ? longer(route) : check(route),
  });
}

function check(route: Route): string {
  return `check that the machine is up and that "${byHand(route)}" connects from here`;
}

function longer(route: Route): string {
  return `see how long "${byHand(route)}" takes from here, and set connection.perDialTimeout to more seconds than that; a server that looks up names in vain answers late (UseDNS, GSSAPI and PAM of its sshd)`;
}

/** By the name that the configuration knows, where that leads over another way than a connection to the machine itself. */
function byHand({ connection, user, host, port, proxyCommand, via, needs }: Route): string {
  if (connection.proxy !== undefined && via !== undefined)
    return `ssh -J ${via.user}@${via.host}:${via.port} -p ${port} ${user}@${host}`;
  const isPlain = proxyCommand === undefined && via === undefined && needs.length === 0;
  const name = isPlain ? host : connection.host;
  return `ssh -p ${port} ${user}@${name}`;
}
