import * as pulumi from "@pulumi/pulumi";
import type { DeclaredGuest, Refusal } from "../provider/plan/declared/program.js";
import type { ConnectionArgs, DriverArgs, RebootArgs } from "./args.js";
import { connectionKey, knownDriver, secretConnection, secretLicense } from "./connection-input.js";
import { type Declaring, declareGuest, declareRow, declareWrong } from "./declarations.js";
import { hostsBefore } from "./made-before.js";
import type { MdevDevice } from "./mdev-device.js";
import { identityOf, isIgnored, resourceName, rowOf } from "./options.js";
import { providerText } from "./provider-text.js";
import { isPlainObject } from "./soon.js";
import { checkedName, isResourceWith, nameable, wrongArguments, wrongKind } from "./wrong-kinds.js";

/** A license from NVIDIA's license system. */
export interface LicenseArgs {
  /**
   * Content of the client configuration token file. Always a secret.
   * @change in place: the token is replaced, and nothing else
   * @throws VGPU_UNLICENSED
   */
  token: pulumi.Input<string>;
  /**
   * `"vgpu"` for every vGPU; the others for pass-through and bare metal.
   * @default `"vgpu"`
   * @change in place: `FeatureType` is written, and the license is acquired anew
   * @throws VGPU_UNLICENSED
   */
  feature?: pulumi.Input<"vgpu" | "vws" | "vcs" | "vapps">;
}

/** What is wanted of a guest. */
export interface GuestDriverInstallArgs {
  /**
   * The guest: a Linux machine.
   * @change as its connection's
   */
  guest: {
    /**
     * How the guest is reached by SSH.
     * @change the next run goes that way; the resource is replaced only if it leads to another machine
     * @throws VGPU_UNREACHABLE, VGPU_HOST_KEY, VGPU_LOGIN, VGPU_ACCOUNT, VGPU_NO_SUDO, VGPU_CLAIM_CONFLICT
     */
    connection: pulumi.Input<ConnectionArgs>;
  };
  /**
   * The vGPU that the guest's VM has; its host's release is checked against the guest driver's.
   * @default none: nothing is checked
   * @change nothing is done in the guest
   * @throws VGPU_INCOMPATIBLE_GUEST
   */
  device?: MdevDevice;
  /**
   * The guest driver.
   * @default whatever is installed is left as it is
   * @change in place: another one is installed, and the guest is rebooted
   * @throws VGPU_PREREQUISITE, VGPU_INCOMPATIBLE_GUEST, VGPU_REBOOT_NEEDED
   */
  driver?: pulumi.Input<DriverArgs>;
  /**
   * The license that the guest takes.
   * @default none: the guest's license settings are left as they are
   * @change in place
   * @throws VGPU_UNLICENSED
   */
  license?: pulumi.Input<LicenseArgs>;
  /**
   * Whether the guest may be rebooted. Installing a guest driver takes up to two reboots.
   * @default not allowed
   * @change allowed or refused from the next plan on
   * @throws VGPU_REBOOT_NEEDED
   */
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

const type = "pulumi-nodejs:dynamic/vgpu:GuestDriverInstall";

/**
 * The NVIDIA driver and license of one Linux guest. Made when the guest itself says `License Status: Licensed`.
 * Destroying it uninstalls what it installed, while the guest still runs.
 *
 * @example
 * new vgpu.GuestDriverInstall("desk-1", {
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
    const resource = checkedName(name, "GuestDriverInstall");
    const wrong = [...wrongArguments(resource, args), ...wrongParts(resource, args)].slice(0, 1);
    const { guest, device, ...given } = wrong.length > 0 ? ({} as Partial<GuestDriverInstallArgs>) : args;
    declareRow("GuestDriverInstall", resource, pulumi.createUrn(resource, type, opts?.parent));
    const props = {
      // A property of a wrong name is refused like any other wrong input.
      ...nameable(given),
      ...identityOf(name),
      connection: secretConnection(guest?.connection),
      device: device?.uuid,
      hostRelease: pulumi.output(releaseOf(device)),
      license: secretLicense(given.license),
      declared:
        wrong.length > 0
          ? declareWrong("GuestDriverInstall", wrong)
          : declareGuest(declaring(name, args, opts)),
      observed: undefined,
      row: rowOf(name, type, opts),
      __provider: providerText("guestDriverInstall"),
    };
    super(type, name, props, opts);
  }
}

function wrongParts(resource: string, args: unknown): Refusal[] {
  if (!isPlainObject(args)) return [];
  const { guest, device } = args;
  if (!isPlainObject(guest)) {
    const expected = "an object with the connection to the guest";
    return [wrongKind(resource, { property: "guest", value: guest, expected })];
  }
  if (device === undefined || isResourceWith(device, "hostReleaseSoon")) return [];
  const expected = "the MdevDevice that the guest's VM has, or nothing";
  const next = "give device the MdevDevice itself, not its name, its UUID or an output of it";
  return [wrongKind(resource, { property: "device", value: device, expected, next })];
}

async function releaseOf(device: MdevDevice | undefined): Promise<string | undefined> {
  const release = await device?.hostReleaseSoon;
  return typeof release === "string" ? release : undefined;
}

function declaring(
  resource: string,
  args: GuestDriverInstallArgs,
  opts: pulumi.CustomResourceOptions | undefined,
): Declaring<DeclaredGuest> {
  const whereTo = isIgnored(opts, "connection") ? "" : connectionKey(args.guest, ["connection"]);
  const found = [whereTo, releaseOf(args.device), knownDriver(args, opts)] as const;
  const value = Promise.all(found).then(([key, hostRelease, driver]) => ({
    resource,
    connectionKey: key,
    hostRelease: hostRelease ?? null,
    ...driver,
    after: hostsBefore(args, opts),
    device: args.device === undefined ? null : resourceName(args.device),
  }));
  const connection = secretConnection(args.guest?.connection);
  return { afterResource: false, value, ...(!isIgnored(opts, "connection") && { connection }) };
}
