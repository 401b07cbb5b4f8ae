// The program of the engine's stories: declares what declared.json says, which each story writes.
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import * as vgpu from "pulumi-vgpu";

/** A connection whose secrets may come from the stack's configuration, named by their keys. */
type Connection = vgpu.ConnectionArgs & { readonly secrets?: Readonly<Record<string, string>> };

export type DeclaredVgpu = (
  | Pick<vgpu.GpuMdevArgs, "gpu" | "type">
  | Pick<vgpu.ParentMdevArgs, "parent" | "mdevType">
) & {
  readonly host: string;
  readonly uuid?: string;
  readonly options?: pulumi.CustomResourceOptions;
  /** Name of the component that it is a part of. */
  readonly below?: string;
  /** Constructed only when this has happened. */
  readonly late?: "await" | "apply";
};

export type DeclaredHost = Omit<vgpu.VgpuHostArgs, "connection"> & {
  readonly connection: Connection;
  readonly options?: pulumi.CustomResourceOptions;
};

export type DeclaredGuest = Omit<vgpu.GuestDriverInstallArgs, "guest" | "device"> & {
  readonly connection: Connection;
  /** Name of its vGPU. */
  readonly device?: string;
  /** Name of a host after which it is made (`dependsOn`). */
  readonly after?: string;
};

/** What a story declares; resources by name. */
export interface Declared {
  readonly hosts?: Readonly<Record<string, DeclaredHost>>;
  readonly vgpus?: Readonly<Record<string, DeclaredVgpu>>;
  readonly guests?: Readonly<Record<string, DeclaredGuest>>;
  /** Whatever JavaScript lets a program give. */
  readonly raw?: Readonly<Record<string, { readonly kind: keyof typeof classes; readonly args?: unknown }>>;
}

const classes = {
  VgpuHost: vgpu.VgpuHost,
  MdevDevice: vgpu.MdevDevice,
  GuestDriverInstall: vgpu.GuestDriverInstall,
} as const;
const config = new pulumi.Config();
const declared = JSON.parse(readFileSync("declared.json", "utf8")) as Declared;
const hosts: Record<string, vgpu.VgpuHost> = {};
const vgpus: Record<string, vgpu.MdevDevice> = {};

function connectionOf({ secrets = {}, ...connection }: Connection): vgpu.ConnectionArgs {
  const found = Object.entries(secrets).map(([field, key]) => [field, config.requireSecret(key)]);
  return { ...connection, ...Object.fromEntries(found) };
}

function parentOf(component: string | undefined): pulumi.CustomResourceOptions {
  return component === undefined ? {} : { parent: new pulumi.ComponentResource("test:Desk", component) };
}

function makeVgpu(name: string, { host, options, below, late: _late, ...args }: DeclaredVgpu): void {
  const found = hosts[host];
  if (found === undefined) throw new pulumi.RunError(`no host ${host}`);
  vgpus[name] = new vgpu.MdevDevice(name, { host: found, ...args }, { ...options, ...parentOf(below) });
}

for (const [name, { connection, options, ...args }] of Object.entries(declared.hosts ?? {}))
  hosts[name] = new vgpu.VgpuHost(name, { connection: connectionOf(connection), ...args }, options);
for (const [name, args] of Object.entries(declared.vgpus ?? {})) {
  if (args.late === undefined) makeVgpu(name, args);
  if (args.late === "await") setTimeout(() => makeVgpu(name, args), 50);
  if (args.late === "apply") hosts[args.host]?.urn.apply(() => makeVgpu(name, args));
}
for (const [name, { connection, device, after, ...args }] of Object.entries(declared.guests ?? {})) {
  const found = device === undefined ? undefined : vgpus[device];
  const host = after === undefined ? undefined : hosts[after];
  const guest = {
    ...args,
    guest: { connection: connectionOf(connection) },
    ...(found === undefined ? {} : { device: found }),
  };
  new vgpu.GuestDriverInstall(name, guest, host === undefined ? {} : { dependsOn: [host] });
}
for (const [name, { kind, args }] of Object.entries(declared.raw ?? {}))
  new classes[kind](name, args as never);
