import * as pulumi from "@pulumi/pulumi";
import type { DeclaredHost } from "../provider/plan/declared/program.js";
import type { ConnectionArgs, DriverArgs, RebootArgs } from "./args.js";
import { connectionKey, knownDriver, secretConnection } from "./connection-input.js";
import { type Declaring, declareHost, declareRow, declareWrong } from "./declarations.js";
import { identityOf, isIgnored, rowOf } from "./options.js";
import { providerText } from "./provider-text.js";
import { isPlainObject, partAtOnce } from "./soon.js";
import { checkedName, nameable, wrongArguments } from "./wrong-kinds.js";

/** What a GPU of a host is used for. */
export interface GpuArgs {
  /**
   * `"vgpu"`: it is shared by time-sliced vGPUs; virtual functions are turned on where the board has them.
   * @default `"vgpu"`
   * @change there is no other use yet
   * @throws VGPU_INPUT, VGPU_PREREQUISITE
   */
  usage?: pulumi.Input<"vgpu">;
}

/** What is wanted of a vGPU host. */
export interface VgpuHostArgs {
  /**
   * How the host is reached by SSH.
   * @change the next run goes that way; the resource is replaced only if it leads to another machine
   * @throws VGPU_UNREACHABLE, VGPU_HOST_KEY, VGPU_LOGIN, VGPU_ACCOUNT, VGPU_NO_SUDO
   */
  connection: pulumi.Input<ConnectionArgs>;
  /**
   * The vGPU manager.
   * @default whatever is installed is left as it is
   * @change in place: another one is installed, and the host is rebooted
   * @throws VGPU_PREREQUISITE, VGPU_REBOOT_NEEDED, VGPU_IN_USE
   */
  driver?: pulumi.Input<DriverArgs>;
  /**
   * The GPUs that are managed, by PCI address as `lspci -D` prints it, e.g. `{ "0000:3b:00.0": { usage: "vgpu" } }`.
   * A GPU that is not here is never touched.
   * @default none
   * @change in place
   * @throws VGPU_NO_SUCH_GPU, VGPU_CLAIM_CONFLICT
   */
  gpus?: pulumi.Input<Record<string, GpuArgs>>;
  /**
   * Whether the host may be rebooted. Installing a vGPU manager takes two reboots on a bare host.
   * @default not allowed
   * @change allowed or refused from the next plan on
   * @throws VGPU_REBOOT_NEEDED
   */
  reboot?: pulumi.Input<RebootArgs>;
}

/** What was found on a host. */
export interface ObservedHost {
  readonly hostname: string;
  readonly os: string;
  /** Version of the installed vGPU manager, e.g. `"550.127.06"`; `null` when there is none. */
  readonly managerVersion: string | null;
  /** By PCI address. */
  readonly gpus: Readonly<
    Record<
      string,
      {
        readonly board: string;
        readonly vgpuInterface: "mdev-on-pf" | "mdev-on-vf" | "vendor-vfio" | null;
        readonly virtualFunctions: number;
      }
    >
  >;
}

const type = "pulumi-nodejs:dynamic/vgpu:VgpuHost";

/**
 * A Linux KVM host with NVIDIA GPUs: its vGPU manager, its virtual functions, and a boot unit that restores vGPUs.
 * Without `driver` and `gpus` nothing of NVIDIA's is asked of it: it may carry mdevs of other drivers.
 * Creating it on a bare host blocks nouveau, installs the manager and reboots twice; `reboot.allow` must say so.
 * Destroying it removes what it put there, and nothing else.
 *
 * @example
 * const host = new vgpu.VgpuHost("gpu-01", {
 *   connection: { host: "gpu-01.lab", privateKeyPath: "~/.ssh/id_ed25519" },
 *   driver: {
 *     release: "17.4",
 *     package: { path: "./NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run", sha256: "…" },
 *   },
 *   gpus: { "0000:3b:00.0": { usage: "vgpu" } },
 *   reboot: { allow: true },
 * });
 */
export class VgpuHost extends pulumi.CustomResource {
  /** What was found on the host. */
  declare readonly observed: pulumi.Output<ObservedHost>;
  /** The declared connection, for vGPUs and for other providers. */
  readonly connection: pulumi.Input<ConnectionArgs>;
  /** Release of the declared vGPU manager, when it is known while the program runs. */
  readonly release: string | null;
  /** @internal The same, also where it comes by an output or a promise. */
  readonly releaseSoon: Promise<unknown>;

  constructor(name: string, args: VgpuHostArgs, opts?: pulumi.CustomResourceOptions) {
    const resource = checkedName(name, "VgpuHost");
    const wrong = wrongArguments(resource, args);
    const given: Partial<VgpuHostArgs> = wrong.length > 0 ? {} : args;
    declareRow("VgpuHost", resource, pulumi.createUrn(resource, type, opts?.parent));
    const props = {
      // A property of a wrong name is refused like any other wrong input.
      ...nameable(given),
      ...identityOf(name),
      connection: secretConnection(given.connection),
      declared:
        wrong.length > 0 ? declareWrong("VgpuHost", wrong) : declareHost(declaring(name, given, opts)),
      observed: undefined,
      row: rowOf(name, type, opts),
      __provider: providerText("vgpuHost"),
    };
    super(type, name, props, opts);
    this.connection = given.connection as pulumi.Input<ConnectionArgs>;
    const { driver } = given;
    this.release = isPlainObject(driver) && typeof driver.release === "string" ? driver.release : null;
    this.releaseSoon = partAtOnce(given, ["driver", "release"]);
  }
}

function declaring(
  resource: string,
  args: object,
  opts: pulumi.CustomResourceOptions | undefined,
): Declaring<DeclaredHost> {
  const whereTo = isIgnored(opts, "connection") ? "" : connectionKey(args, ["connection"]);
  const gpus = isIgnored(opts, "gpus") ? null : knownGpus(args);
  const value = Promise.all([whereTo, knownDriver(args, opts), gpus]).then(([key, driver, known]) => ({
    resource,
    connectionKey: key,
    ...driver,
    gpus: known,
  }));
  const connection = secretConnection((args as Partial<VgpuHostArgs>).connection);
  return { afterResource: false, value, ...(!isIgnored(opts, "connection") && { connection }) };
}

async function knownGpus(args: object): Promise<Record<string, { usage: "vgpu" }> | null> {
  const gpus = await partAtOnce(args, ["gpus"]);
  if (gpus === undefined) return {};
  if (!isPlainObject(gpus)) return null;
  return Object.fromEntries(Object.keys(gpus).map((address) => [address, { usage: "vgpu" }]));
}
