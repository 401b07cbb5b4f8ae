import type { Input } from "@pulumi/pulumi";

/** One machine on the way, or the machine itself. */
export interface HopArgs {
  /** Host name, address, or an alias of `~/.ssh/config`. */
  host: Input<string>;
  /** @default 22, or what `~/.ssh/config` says */
  port?: Input<number>;
  /** @default "root", or what `~/.ssh/config` says. Any other user needs passwordless sudo or `sudoPassword`. */
  user?: Input<string>;
  password?: Input<string>;
  /** A private key, inline: stored encrypted in every resource that uses it. Prefer `privateKeyPath` or an agent. */
  privateKey?: Input<string>;
  privateKeyPassword?: Input<string>;
  /** Path of a private key on the machine that runs Pulumi; read at each run, never stored. */
  privateKeyPath?: Input<string>;
  /** Name of an environment variable that holds a private key; read at each run, never stored. */
  privateKeyEnv?: Input<string>;
  /** @default the environment's `SSH_AUTH_SOCK` */
  agentSocketPath?: Input<string>;
  /** The trusted public host key, e.g. `"ssh-ed25519 AAAA…"`. @default what `~/.ssh/known_hosts` says */
  hostKey?: Input<string>;
  /** Accept the key of a host that is not known yet when the resource is created, and store it. @default false */
  acceptNew?: Input<boolean>;
  /** Seconds for one dial. @default 15 */
  perDialTimeout?: Input<number>;
  /** Accepted for the sake of `@pulumi/command`'s connections and ignored: deadlines are used, not counts. */
  dialErrorLimit?: Input<number>;
}

/**
 * How a machine is reached by SSH. The field names are those of `@pulumi/command`'s `remote.Connection`.
 * A change is stored and used at the next run; it replaces the resource only when it leads to another machine.
 */
export interface ConnectionArgs extends HopArgs {
  /** Password for sudo, sent on standard input. */
  sudoPassword?: Input<string>;
  /** A bastion; one connection to it serves all machines behind it. */
  proxy?: Input<HopArgs>;
}

/** A driver package. */
export interface PackageArgs {
  /** The file on the machine that runs Pulumi, e.g. `"./NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run"`; it is uploaded. */
  path?: Input<string>;
  /** The file on the machine that it is installed on; in place of `path`. */
  hostPath?: Input<string>;
  /** sha256 of the file, 64 hexadecimal digits. Checked before root runs it. */
  sha256: Input<string>;
}

/** A driver: a host's vGPU manager or a guest's driver. A change installs another one and reboots the machine. */
export interface DriverArgs {
  /** Release of NVIDIA's vGPU software, e.g. `"17.4"`. Host and guest have different driver versions in one release. */
  release: Input<string>;
  /** Needed unless this release is installed already. */
  package?: Input<PackageArgs>;
}

/** Whether a machine may be rebooted. */
export interface RebootArgs {
  /** @default false: a plan that needs a reboot is refused */
  allow?: Input<boolean>;
  /** Minutes from the order to the machine's first answer. @default 20 */
  deadlineMinutes?: Input<number>;
}
