import * as pulumi from "@pulumi/pulumi";
import type { ConnectionArgs, DriverArgs, RebootArgs } from "./args.js";
import { connectionKey, knownDriver, secretConnection } from "./connection-input.js";
import { declareGuest, known, resourceName } from "./declarations.js";
import type { MdevDevice } from "./mdev-device.js";
import { providerText } from "./provider-text.js";

/** A license from NVIDIA's license system. */
export interface LicenseArgs {
  /** Content of the client configuration token file. Always a secret. A change replaces the token and nothing else. */
  token: pulumi.Input<string>;
  /** `"vgpu"` for every vGPU; the others for pass-through and bare metal. @default "vgpu" */
  feature?: pulumi.Input<"vgpu" | "vws" | "vcs" | "vapps">;
}

/** What is wanted of a guest. */
export interface GuestDriverInstallArgs {
  /** How the guest is reached: Linux, over SSH. */
  guest: { connection: pulumi.Input<ConnectionArgs> };
  /** The vGPU that the guest's VM has; its host's release is checked against the guest driver's. */
  device?: MdevDevice;
  /** The guest driver. Not declared: whatever is installed is left as it is. A change reboots the guest. */
  driver?: pulumi.Input<DriverArgs>;
  license?: pulumi.Input<LicenseArgs>;
  /** Installing a guest driver takes up to two reboots. @default not allowed */
  reboot?: pulumi.Input<RebootArgs>;
}

/** What was found in a guest. */
export interface ObservedGuest {
  readonly hostname: string;
  readonly os: string;
  /** e.g. `"550.127.05"`; `null` when there is none. */
  readonly guestDriverVersion: string | null;
  /** e.g. `"NVIDIA RTX Virtual Workstation"`; `null` when the guest names none. */
  readonly licensedProduct: string | null;
}

/**
 * The NVIDIA driver and license of one Linux guest. Made when the guest itself says `License Status: Licensed`.
 * Destroying it uninstalls what it installed, while the guest still runs.
 *
 * @example
 * new GuestDriverInstall("desk-1", {
 *   guest: { connection: { host: "desk-1.lab", privateKeyPath: "~/.ssh/id_ed25519" } },
 *   device: desk,
 *   driver: { release: "17.4", package: { path: "./NVIDIA-Linux-x86_64-550.127.05-grid.run", sha256: "…" } },
 *   license: { token: config.requireSecret("licenseToken") },
 *   reboot: { allow: true },
 * });
 */
export class GuestDriverInstall extends pulumi.CustomResource {
  /** What was found in the guest. */
  declare readonly observed: pulumi.Output<ObservedGuest>;

  constructor(name: string, args: GuestDriverInstallArgs, opts?: pulumi.CustomResourceOptions) {
    const hostRelease = args.device?.hostRelease ?? null;
    const declared = declareGuest({
      resource: name,
      connectionKey: connectionKey(args.guest.connection),
      hostRelease,
      ...knownDriver(args.driver),
      device: args.device === undefined ? null : resourceName(args.device),
    });
    const { guest, ...others } = args;
    const props = {
      // A property of a wrong name is refused like any other wrong input.
      ...others,
      name,
      owner: `${pulumi.getProject()}/${pulumi.getStack()}`,
      connection: secretConnection(guest.connection),
      device: args.device?.uuid,
      hostRelease: hostRelease ?? undefined,
      license: secretLicense(args.license),
      declared,
      observed: undefined,
      __provider: providerText("guestDriverInstall"),
    };
    super("pulumi-nodejs:dynamic/vgpu:GuestDriverInstall", name, props, opts);
  }
}

function secretLicense(license: pulumi.Input<LicenseArgs> | undefined): pulumi.Input<object> | undefined {
  if (license === undefined) return license;
  const plain = known(license);
  if (plain === undefined) return pulumi.output(license).apply((later) => secretLicense(later) ?? {});
  return { ...plain, token: pulumi.secret(plain.token) };
}
