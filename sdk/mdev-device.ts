import * as pulumi from "@pulumi/pulumi";
import type { VgpuInterface } from "../provider/model/facts.js";
import { hostdevXml } from "../provider/model/hostdev.js";
import { parsePciAddress } from "../provider/model/pci-address.js";
import type { DeclaredVgpu } from "../provider/plan/declared/program.js";
import { secretConnection } from "./connection-input.js";
import { declareVgpu, known, resourceName } from "./declarations.js";
import { providerText } from "./provider-text.js";
import type { VgpuHost } from "./vgpu-host.js";
import { vgpuUuid } from "./vgpu-uuid.js";

/** What is wanted of any vGPU. */
interface AnyMdevDeviceArgs {
  host: VgpuHost;
  /** @default derived from project, stack and resource name. A change replaces the vGPU. */
  uuid?: pulumi.Input<string>;
}

/** What is wanted of a vGPU of an NVIDIA GPU. */
export interface GpuMdevArgs extends AnyMdevDeviceArgs {
  /** PCI address of a GPU that the host declares, e.g. `"0000:3b:00.0"`. A change replaces the vGPU. */
  gpu: pulumi.Input<string>;
  /**
   * vGPU type by its short name `"A40-8Q"` or its full name `"NVIDIA A40-8Q"`. A change is made in place; every vGPU
   * of a GPU has the same framebuffer size.
   */
  type: pulumi.Input<string>;
  parent?: never;
  mdevType?: never;
}

/**
 * What is wanted of an mdev of any other driver: an Intel GPU's, the kernel's mtty. The host needs no NVIDIA driver for
 * it; its own driver must be loaded, at each boot. No rule of the catalog applies: the host says what there is room for.
 */
export interface ParentMdevArgs extends AnyMdevDeviceArgs {
  /** Name of the device under `/sys/class/mdev_bus`, e.g. `"mtty"`, `"0000:00:02.0"`. A change replaces the mdev. */
  parent: pulumi.Input<string>;
  /** Name of a directory under its `mdev_supported_types`, e.g. `"mtty-2"`, `"i915-GVTg_V5_4"`. A change is made in place. */
  mdevType: pulumi.Input<string>;
  gpu?: never;
  type?: never;
}

/** What is wanted of a vGPU: `gpu` and `type` of an NVIDIA GPU, or `parent` and `mdevType` of anything else. */
export type MdevDeviceArgs = GpuMdevArgs | ParentMdevArgs;

/**
 * One virtual GPU: an mdev on a legacy board or on a virtual function, or a vendor-specific VFIO function. Which of the
 * three is found on the host. Or an mdev of a device that is not NVIDIA's. It survives reboots of the host. It is never
 * changed or removed while a VM uses it.
 *
 * @example
 * const desk = new MdevDevice("desk-1", { host, gpu: "0000:3b:00.0", type: "A40-8Q" });
 * const serial = new MdevDevice("serial-1", { host, parent: "mtty", mdevType: "mtty-2" });
 * export const hostdevs = [desk.hostdevXml, serial.hostdevXml];
 */
export class MdevDevice extends pulumi.CustomResource {
  /** UUID of the mdev; on vendor-specific VFIO the name of the vGPU in the host's manifest. */
  declare readonly uuid: pulumi.Output<string>;
  /** `undefined` for an mdev of a device that is not NVIDIA's. */
  declare readonly gpu: pulumi.Output<string | undefined>;
  declare readonly type: pulumi.Output<string | undefined>;
  /** `undefined` for a vGPU of an NVIDIA GPU: the number in it changes between driver releases. */
  declare readonly mdevType: pulumi.Output<string | undefined>;
  /** How the host makes it; `"mdev-on-parent"` on a device that is not NVIDIA's. */
  declare readonly vgpuInterface: pulumi.Output<VgpuInterface>;
  /** PCI address of the function that carries the vGPU: what a VM is given on vendor-specific VFIO. Or name of the device. */
  declare readonly parent: pulumi.Output<string>;
  /** What a VM takes an mdev of a device that is not NVIDIA's for, e.g. `"vfio-pci"`, `"vfio-ccw"`; else `undefined`. */
  declare readonly deviceApi: pulumi.Output<string | undefined>;
  /** Resource name of its host. */
  readonly hostName: string;
  /** Release of its host's vGPU manager, when it is known while the program runs. */
  readonly hostRelease: string | null;

  constructor(name: string, args: MdevDeviceArgs, opts?: pulumi.CustomResourceOptions) {
    const hostName = resourceName(args.host);
    const uuid = args.uuid ?? vgpuUuid(pulumi.getProject(), pulumi.getStack(), name);
    const keep = isProtected(opts) || opts?.retainOnDelete === true;
    const props = {
      // A property of a wrong name is refused like any other wrong input. Those that are outputs are named, if undefined.
      ...args,
      name,
      owner: `${pulumi.getProject()}/${pulumi.getStack()}`,
      connection: secretConnection(args.host.connection),
      host: hostName,
      gpu: args.gpu,
      type: args.type,
      parent: args.parent,
      mdevType: args.mdevType,
      uuid,
      keep: keep ? true : undefined,
      declared: declaration(args, {
        resource: name,
        host: hostName,
        uuid: known(uuid)?.toLowerCase() ?? "",
        keep,
      }),
      vgpuInterface: undefined,
      deviceApi: undefined,
      __provider: providerText("mdevDevice"),
    };
    super(
      "pulumi-nodejs:dynamic/vgpu:MdevDevice",
      name,
      props,
      pulumi.mergeOptions(opts, { dependsOn: [args.host] }),
    );
    this.hostName = hostName;
    this.hostRelease = args.host.release;
  }

  /** libvirt's hostdev element for a VM that gets this vGPU. Computed, not stored. */
  get hostdevXml(): pulumi.Output<string> {
    return this.vgpuInterface.apply((vgpuInterface) => {
      // Where there is no deviceApi it is not known in a preview, and would make the element unknown with it.
      const deviceApi = vgpuInterface === "mdev-on-parent" ? this.deviceApi : undefined;
      return pulumi
        .all([this.uuid, this.parent, deviceApi])
        .apply(([uuid, parent, api]) => hostdevXml({ vgpuInterface, uuid, parent, deviceApi: api }));
    });
  }
}

/** Declares what is known of it while the program runs; `undefined` when that is not enough, or not one of the two forms. */
function declaration(
  args: MdevDeviceArgs,
  device: Pick<DeclaredVgpu, "resource" | "host" | "uuid" | "keep">,
) {
  const [gpu, type] = [known(args.gpu), known(args.type)];
  const [parent, mdevType] = [known(args.parent), known(args.mdevType)];
  if (gpu !== undefined && type !== undefined) {
    const alone = parent === undefined && mdevType === undefined;
    return alone ? declareVgpu({ ...device, gpu: parsePciAddress(gpu) ?? gpu, type }) : undefined;
  }
  if (parent === undefined || mdevType === undefined) return undefined;
  return declareVgpu({ ...device, parent: parsePciAddress(parent) ?? parent, mdevType });
}

/** Whether the engine protects a resource: a parent passes its protection on; Pulumi's SDK keeps it without typing it. */
function isProtected(opts: pulumi.CustomResourceOptions | undefined): boolean {
  const parent = opts?.parent as unknown as { readonly __protect?: boolean } | undefined;
  return (opts?.protect ?? parent?.__protect) === true;
}
