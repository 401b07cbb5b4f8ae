import { VgpuError } from "../../model/errors.js";
import type { Route } from "../config/route.js";

/** By what a machine is reached: the SSH library, or the user's own `ssh`. */
export interface Transport {
  readonly name: "builtin" | "openssh";
  /** Why it is not the built-in one, e.g. `"CertificateFile of ~/.ssh/config"`. */
  readonly because?: string;
}

/**
 * Returns what the program says, else the user's own `ssh` where the configuration asks for what the library cannot do.
 * @throws VGPU_INPUT when the program wants the user's own `ssh`, and that cannot be
 */
export function chooseTransport(route: Route): Transport {
  const { transport } = route.connection;
  if (transport === "builtin") return { name: "builtin" };
  if (transport === "openssh") {
    const why = whyNotOpenSsh(route);
    if (why !== undefined) throw notByOpenSsh(route, why);
    return { name: "openssh", because: "connection.transport" };
  }
  const [need] = route.needs;
  return need !== undefined && mayUseOpenSsh(route)
    ? { name: "openssh", because: need }
    : { name: "builtin" };
}

/** Whether the user's own `ssh` can take over where the library cannot log in. */
export function mayUseOpenSsh(route: Route): boolean {
  return route.connection.transport === undefined && whyNotOpenSsh(route) === undefined;
}

const secrets = ["password", "privateKey", "privateKeyEnv", "privateKeyPassword"] as const;

/** Returns why the user's own `ssh` cannot go this way; `undefined` where it can. */
export function whyNotOpenSsh(route: Route): string | undefined {
  if (!route.openSshHere) return "there is no ssh on PATH";
  const secret = secrets.find((name) => route.connection[name] !== undefined);
  if (secret !== undefined) return `connection.${secret} is a secret, which your own ssh is not told`;
  return route.via === undefined ? undefined : whyNotOpenSsh(route.via);
}

function notByOpenSsh({ connection }: Route, saw: string): VgpuError {
  return new VgpuError({
    code: "VGPU_INPUT",
    where: connection.host,
    what: 'cannot go by your own ssh, as connection.transport "openssh" says',
    saw: `${saw} (connection)`,
    expected:
      "OpenSSH's client on PATH, and a key that it finds itself: privateKeyPath, an agent, ~/.ssh/config",
    next: "let an agent or a file have the key and install OpenSSH's client, or leave connection.transport out",
    property: "connection.transport",
  });
}
