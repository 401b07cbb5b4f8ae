import * as pulumi from "@pulumi/pulumi";
import type { ConnectionArgs, DriverArgs, RebootArgs } from "./args.js";
import { connectionKey, knownDriver, secretConnection } from "./connection-input.js";
import { declareHost, known } from "./declarations.js";
import { providerText } from "./provider-text.js";

/** What a GPU of a host is used for. */
export interface GpuArgs {
  /** `"vgpu"`: it is shared by time-sliced vGPUs; virtual functions are turned on where the board has them. @default "vgpu" */
  usage?: pulumi.Input<"vgpu">;
}

/** What is wanted of a vGPU host. */
export interface VgpuHostArgs {
  connection: pulumi.Input<ConnectionArgs>;
  /** The vGPU manager. Not declared: whatever is installed is left as it is. A change reboots the host. */
  driver?: pulumi.Input<DriverArgs>;
  /**
   * The GPUs that are managed, by PCI address as `lspci -D` prints it, e.g. `{ "0000:3b:00.0": { usage: "vgpu" } }`.
   * A GPU that is not here is never touched.
   */
  gpus?: pulumi.Input<Record<string, GpuArgs>>;
  /** Installing a vGPU manager takes two reboots on a bare host. @default not allowed */
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

/**
 * A Linux KVM host with NVIDIA GPUs: its vGPU manager, its virtual functions, and a boot unit that restores vGPUs.
 * Without `driver` and `gpus` nothing of NVIDIA's is asked of it: it may carry mdevs of other drivers.
 * Creating it on a bare host blocks nouveau, installs the manager and reboots twice; `reboot.allow` must say so.
 * Destroying it removes what it put there, and nothing else.
 *
 * @example
 * const host = new VgpuHost("gpu-01", {
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

  constructor(name: string, args: VgpuHostArgs, opts?: pulumi.CustomResourceOptions) {
    const driver = knownDriver(args.driver);
    const declared = declareHost({
      resource: name,
      connectionKey: connectionKey(args.connection),
      ...driver,
      gpus: knownGpus(args.gpus),
    });
    const props = {
      // A property of a wrong name is refused like any other wrong input.
      ...args,
      name,
      owner: `${pulumi.getProject()}/${pulumi.getStack()}`,
      connection: secretConnection(args.connection),
      declared,
      observed: undefined,
      __provider: providerText("vgpuHost"),
    };
    super("pulumi-nodejs:dynamic/vgpu:VgpuHost", name, props, opts);
    this.connection = args.connection;
    this.release = driver.release;
  }
}

function knownGpus(gpus: VgpuHostArgs["gpus"]): Record<string, { usage: "vgpu" }> {
  const addresses = Object.keys(known(gpus) ?? {});
  return Object.fromEntries(addresses.map((address) => [address, { usage: "vgpu" }]));
}
