import type { Connection } from "../../model/connection.js";
import { VgpuError } from "../../model/errors.js";

/** What a program or a shell of the user's configuration (`Match exec`, `ProxyCommand`) could take for more than a name. */
const badHost = /^-|[\p{Cc}\s'`"$\\;&<>|(){}@]|^ssh:\/\//u;
const badUser = /^-|[\p{Cc}'`"$;&<>|(){}]|\\$|\s-/u;

/**
 * Returns the connection when its host and user are names and nothing else: they come into commands of the user's own
 * SSH configuration.
 * @throws VGPU_INPUT
 */
export function wellNamed(connection: Connection): Connection {
  const { host, user } = connection;
  if (badHost.test(host)) throw notAName(host, "connection.host", `"${host}"`);
  if (user !== undefined && badUser.test(user)) throw notAName(host, "connection.user", `"${user}"`);
  return connection;
}

function notAName(host: string, property: string, saw: string): VgpuError {
  return new VgpuError({
    code: "VGPU_INPUT",
    where: host,
    what: `${property} is not a name that SSH takes`,
    saw: `${saw} (${property}, or ProxyJump of ~/.ssh/config)`,
    expected:
      property === "connection.host"
        ? "a name, an address, or an alias of ~/.ssh/config; who logs in and by which port are connection.user and connection.port"
        : "the name of an account, without characters that a shell obeys",
    next: `correct ${property}`,
    property,
  });
}
