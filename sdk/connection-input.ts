import * as pulumi from "@pulumi/pulumi";
import type { ConnectionArgs, DriverArgs, HopArgs } from "./args.js";
import { known } from "./declarations.js";

/** Returns a connection with what is secret in it marked so, also where it comes as an output. */
export function secretConnection(connection: pulumi.Input<ConnectionArgs>): pulumi.Input<object> {
  const plain = known(connection);
  if (plain === undefined) return pulumi.output(connection).apply(secretConnection);
  if (plain.proxy === undefined) return secretHop(plain);
  const proxy = known(plain.proxy);
  const hop = proxy === undefined ? pulumi.output(plain.proxy).apply(secretHop) : secretHop(proxy);
  return { ...secretHop(plain), proxy: hop };
}

function secretHop(hop: HopArgs & { sudoPassword?: pulumi.Input<string> }): HopArgs {
  const secrets = ["password", "privateKey", "privateKeyPassword", "sudoPassword"] as const;
  const marked = secrets.filter((key) => hop[key] !== undefined).map((key) => [key, pulumi.secret(hop[key])]);
  return { ...hop, ...Object.fromEntries(marked) };
}

/** Returns what tells two connections' machines apart, `""` while that is not known. */
export function connectionKey(connection: pulumi.Input<ConnectionArgs>): string {
  const plain = known(connection);
  const host = known(plain?.host);
  if (plain === undefined || host === undefined) return "";
  if (plain.port !== undefined && known(plain.port) === undefined) return "";
  return `${host}:${known(plain.port) ?? 22}`;
}

/** Returns the parts of a driver that are known while the program runs. */
export function knownDriver(driver: pulumi.Input<DriverArgs> | undefined) {
  const plain = known(driver);
  const source = known(plain?.package);
  return {
    release: known(plain?.release) ?? null,
    packageName: known(source?.path) ?? known(source?.hostPath) ?? null,
  };
}
