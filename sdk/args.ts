import type { Input } from "@pulumi/pulumi";

/** One machine on the way, or the machine itself. */
export interface HopArgs {
  /**
   * Host name, address, or an alias of `~/.ssh/config`.
   * @change the next run goes that way; the resource is replaced only if it leads to another machine
   * @throws VGPU_UNREACHABLE, VGPU_HOST_KEY
   */
  host: Input<string>;
  /**
   * TCP port of its SSH server.
   * @default 22, or what `~/.ssh/config` says
   * @change the next run goes that way; the resource is replaced only if it leads to another machine
   * @throws VGPU_UNREACHABLE
   */
  port?: Input<number>;
  /**
   * The account that logs in. Any other than root needs sudo: passwordless, or with `sudoPassword`.
   * @default `"root"`, or what `~/.ssh/config` says
   * @change the next run logs in so
   * @throws VGPU_LOGIN, VGPU_ACCOUNT, VGPU_NO_SUDO
   */
  user?: Input<string>;
  /**
   * Password of the account; stored encrypted in every resource that uses it. Prefer a key.
   * @default none
   * @change the next run logs in so
   * @throws VGPU_LOGIN
   */
  password?: Input<string>;
  /**
   * A private key, inline: stored encrypted in every resource that uses it. Prefer `privateKeyPath` or an agent.
   * @default none
   * @change the next run logs in so
   * @throws VGPU_INPUT, VGPU_LOGIN
   */
  privateKey?: Input<string>;
  /**
   * Passphrase of the private key, whichever way that is given; stored encrypted.
   * @default none
   * @change the next run reads the key so
   * @throws VGPU_LOGIN
   */
  privateKeyPassword?: Input<string>;
  /**
   * Path of a private key on the machine that runs Pulumi; read at each run, never stored.
   * @default what `~/.ssh/config` says, else the keys of the agent and of `~/.ssh`
   * @change the next run logs in so
   * @throws VGPU_INPUT, VGPU_LOGIN
   */
  privateKeyPath?: Input<string>;
  /**
   * Name of an environment variable that holds a private key; read at each run, never stored.
   * @default none
   * @change the next run logs in so
   * @throws VGPU_INPUT, VGPU_LOGIN
   */
  privateKeyEnv?: Input<string>;
  /**
   * Socket of the SSH agent whose keys are offered.
   * @default `IdentityAgent` of `~/.ssh/config`, else the environment's `SSH_AUTH_SOCK`
   * @change the next run asks that agent
   * @throws VGPU_LOGIN
   */
  agentSocketPath?: Input<string>;
  /**
   * The trusted public host key, e.g. `"ssh-ed25519 AAAA…"`.
   * @default what the `known_hosts` files say
   * @change the next run trusts this key and no other
   * @throws VGPU_HOST_KEY
   */
  hostKey?: Input<string>;
  /**
   * Accept the key of a host that is not known yet when the resource is created, and store it: the first answer of a run
   * is the key for all of it.
   * @default `false`
   * @change no effect on a key that is stored
   * @throws VGPU_HOST_KEY
   */
  acceptNew?: Input<boolean>;
  /**
   * By what the machine is reached: `"builtin"`, an SSH library, or `"openssh"`, your own `ssh` program.
   * @default the library, and your own `ssh` for what `~/.ssh/config` or the server asks and only that can do
   * @change the next run goes that way
   * @throws VGPU_INPUT
   */
  transport?: Input<"builtin" | "openssh">;
  /**
   * Seconds for one dial, from its start to the end of the login.
   * @default `ConnectTimeout` of `~/.ssh/config`, else 15, and 45 for a machine that is connected and not logged in yet
   * @change the next run waits so long
   * @throws VGPU_UNREACHABLE
   */
  perDialTimeout?: Input<number>;
  /**
   * Accepted for the sake of `@pulumi/command`'s connections and ignored: deadlines are used, not counts.
   * @default none
   * @change none
   */
  dialErrorLimit?: Input<number>;
}

/**
 * How a machine is reached by SSH. The field names are those of `@pulumi/command`'s `remote.Connection`.
 * A change is stored and used at the next run; it replaces the resource only when it leads to another machine.
 */
export interface ConnectionArgs extends HopArgs {
  /**
   * Password for sudo, sent on standard input; stored encrypted.
   * @default none: sudo must not ask
   * @change the next run becomes root so
   * @throws VGPU_NO_SUDO
   */
  sudoPassword?: Input<string>;
  /**
   * A bastion; one connection to it serves all machines behind it. It has the arguments of a connection, except
   * `sudoPassword` and `proxy`, and takes none from the machine behind it: user, keys and host key are its own.
   * @default none, or what `~/.ssh/config` says
   * @change the next run goes that way; the resource is replaced only if it leads to another machine
   * @throws VGPU_UNREACHABLE, VGPU_HOST_KEY, VGPU_LOGIN
   */
  proxy?: Input<HopArgs>;
}

/** A driver package. */
export interface PackageArgs {
  /**
   * The file on the machine that runs Pulumi, e.g. `"./NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run"`; it is uploaded.
   * @default none: `hostPath` is needed then
   * @change none while the declared release is installed
   * @throws VGPU_INPUT, VGPU_PACKAGE_MISMATCH
   */
  path?: Input<string>;
  /**
   * The file on the machine that it is installed on, an absolute path; in place of `path`. It is copied to where only root
   * writes, and that copy is run.
   * @default none: `path` is needed then
   * @change none while the declared release is installed
   * @throws VGPU_PACKAGE_MISMATCH, VGPU_PREREQUISITE
   */
  hostPath?: Input<string>;
  /**
   * sha256 of the file, 64 hexadecimal digits. Checked before root runs it.
   * @change none while the declared release is installed
   * @throws VGPU_INPUT, VGPU_PACKAGE_MISMATCH
   */
  sha256: Input<string>;
}

/** A driver: a host's vGPU manager or a guest's driver. A change installs another one and reboots the machine. */
export interface DriverArgs {
  /**
   * Release of NVIDIA's vGPU software, e.g. `"17.4"`. Host and guest have different driver versions in one release.
   * @change in place: another driver is installed, and the machine is rebooted
   * @throws VGPU_UNKNOWN_RELEASE, VGPU_INCOMPATIBLE_GUEST, VGPU_PREREQUISITE, VGPU_REBOOT_NEEDED, VGPU_IN_USE
   */
  release: Input<string>;
  /**
   * The driver's package. Needed unless this release is installed already.
   * @default none
   * @change none while the declared release is installed
   * @throws VGPU_PACKAGE_MISMATCH
   */
  package?: Input<PackageArgs>;
}

/** Whether a machine may be rebooted. */
export interface RebootArgs {
  /**
   * Whether a plan, or `destroy`, may reboot the machine. Never while a VM runs on it.
   * @default `false`: a plan that needs a reboot is refused
   * @change allowed or refused from the next plan on
   * @throws VGPU_REBOOT_NEEDED
   */
  allow?: Input<boolean>;
  /**
   * Minutes from the order to reboot to the machine's first answer, 1 to 240.
   * @default `20`
   * @change the next reboot is waited for so long
   * @throws VGPU_TIMEOUT
   */
  deadlineMinutes?: Input<number>;
}
