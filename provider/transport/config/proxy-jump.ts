import type { Connection } from "../../model/connection.js";
import { VgpuError } from "../../model/errors.js";

/** What tokens of `~/.ssh/config` stand for. */
export interface TokenValues {
  readonly host: string;
  readonly user: string;
  readonly port: number;
  /** `HostKeyAlias`, else the alias. */
  readonly keyName: string;
  readonly alias: string;
}

/** Puts values in place of the tokens of a way to the machine. Source: ssh_config(5), TOKENS, of ProxyCommand and ProxyJump. */
export function expandWay(text: string, values: TokenValues): string {
  const tokens: Record<string, string> = {
    "%": "%",
    h: values.host,
    k: values.keyName,
    n: values.alias,
    p: String(values.port),
    r: values.user,
  };
  return text.replace(/%([%hknpr])/g, (_, token: string) => tokens[token] ?? "");
}

/**
 * Returns the last hop of `ProxyJump a,b,c` with the hops before it as its own bastions, `undefined` where there is none.
 * @throws VGPU_INPUT for a hop that is no `[user@]host[:port]`
 */
export function proxyJump(
  connection: Connection,
  value: string | undefined,
  values: TokenValues,
): Connection | undefined {
  if (value === undefined || value.toLowerCase() === "none") return undefined;
  let hop: Connection | undefined;
  for (const text of expandWay(value, values).split(",")) {
    // The name of an account may have an @ of its own, as in a directory with several domains.
    const parts = /^(?:ssh:\/\/)?(?:(.+)@)?(\[[^\]]+\]|[^:@[\]]+)(?::(\d{1,5}))?\/?$/.exec(text.trim());
    if (parts?.[2] === undefined) throw noHop(connection, text);
    hop = {
      host: parts[2].replace(/^\[|\]$/g, ""),
      ...(parts[1] === undefined ? {} : { user: parts[1] }),
      ...(parts[3] === undefined ? {} : { port: Number(parts[3]) }),
      ...(hop === undefined ? {} : { proxy: hop }),
    };
  }
  return hop;
}

function noHop({ host }: Connection, text: string): VgpuError {
  return new VgpuError({
    code: "VGPU_INPUT",
    where: host,
    what: "cannot find the way through the bastions",
    saw: `"${text}" (ProxyJump of ~/.ssh/config)`,
    expected: "[user@]host[:port], several with a comma between",
    next: "correct ProxyJump in ~/.ssh/config, or set connection.proxy",
    property: "connection.proxy",
  });
}
