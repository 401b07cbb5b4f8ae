import * as pulumi from "@pulumi/pulumi";
import { isIgnored } from "./options.js";
import { comesLater, isPlainObject, notKnown, partAtOnce, textAtOnce } from "./soon.js";

const secretParts = ["password", "privateKey", "privateKeyPassword", "sudoPassword"];

/** Returns a connection with what is secret in it marked so, also where it comes as an output. */
export function secretConnection(connection: unknown): pulumi.Input<object> {
  return secretHop(connection) as pulumi.Input<object>;
}

function once(later: unknown, then: (known: unknown) => unknown): unknown {
  return (pulumi.output(later) as unknown as pulumi.Output<unknown>).apply(then);
}

function secretHop(hop: unknown): unknown {
  if (comesLater(hop)) return once(hop, secretHop);
  if (!isPlainObject(hop)) return secretWhole(hop);
  const marked = secretParts
    .filter((key) => hop[key] !== undefined)
    .map((key) => [key, pulumi.secret(hop[key])]);
  const proxy = hop.proxy === undefined ? {} : { proxy: secretHop(hop.proxy) };
  return { ...hop, ...Object.fromEntries(marked), ...proxy };
}

/** Given as a text or a list of texts it may be, or hold, the secret. */
function secretWhole(value: unknown): unknown {
  return typeof value === "string" || Array.isArray(value) ? pulumi.secret(value) : value;
}

/** Returns a license with its token marked as secret; given as a text, the text may be the token. */
export function secretLicense(license: unknown): unknown {
  if (comesLater(license)) return once(license, secretLicense);
  return isPlainObject(license) ? { ...license, token: pulumi.secret(license.token) } : secretWhole(license);
}

/** Returns what tells two connections' machines apart, `""` where that is not known before a resource is made. */
export async function connectionKey(args: unknown, path: readonly string[]): Promise<string> {
  const host = await partAtOnce(args, [...path, "host"]);
  const port = await partAtOnce(args, [...path, "port"]);
  return typeof host !== "string" || port === notKnown ? "" : `${host}:${port ?? 22}`;
}

/** Returns the parts of a driver that are known before a resource is made. */
export async function knownDriver(args: unknown, opts: pulumi.CustomResourceOptions | undefined) {
  if (isIgnored(opts, "driver")) return { release: null, packageName: null };
  const [release, path, hostPath] = await Promise.all([
    textAtOnce(args, ["driver", "release"]),
    textAtOnce(args, ["driver", "package", "path"]),
    textAtOnce(args, ["driver", "package", "hostPath"]),
  ]);
  return { release, packageName: path ?? hostPath };
}
