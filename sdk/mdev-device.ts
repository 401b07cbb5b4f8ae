import * as pulumi from "@pulumi/pulumi";
import type { VgpuInterface } from "../provider/model/facts.js";
import { hostdevXml } from "../provider/model/hostdev.js";
import { parsePciAddress } from "../provider/model/pci-address.js";
import { secretConnection } from "./connection-input.js";
import { declareVgpu, known, resourceName } from "./declarations.js";
import { providerText } from "./provider-text.js";
import type { VgpuHost } from "./vgpu-host.js";
import { vgpuUuid } from "./vgpu-uuid.js";

/** What is wanted of a vGPU. */
export interface MdevDeviceArgs {
  host: VgpuHost;
  /** PCI address of a GPU that the host declares, e.g. `"0000:3b:00.0"`. A change replaces the vGPU. */
  gpu: pulumi.Input<string>;
  /**
   * vGPU type by its short name `"A40-8Q"` or its full name `"NVIDIA A40-8Q"`. A change is made in place; every vGPU
   * of a GPU has the same framebuffer size.
   */
  type: pulumi.Input<string>;
  /** @default derived from project, stack and resource name. A change replaces the vGPU. */
  uuid?: pulumi.Input<string>;
}

/**
 * One virtual GPU: an mdev on a legacy board or on a virtual function, or a vendor-specific VFIO function. Which of the
 * three is found on the host. It survives reboots of the host. It is never changed or removed while a VM uses it.
 *
 * @example
 * const desk = new MdevDevice("desk-1", { host, gpu: "0000:3b:00.0", type: "A40-8Q" });
 * export const hostdev = desk.hostdevXml;
 */
export class MdevDevice extends pulumi.CustomResource {
  /** UUID of the mdev; on vendor-specific VFIO the name of the vGPU in the host's manifest. */
  declare readonly uuid: pulumi.Output<string>;
  declare readonly gpu: pulumi.Output<string>;
  declare readonly type: pulumi.Output<string>;
  /** How the host makes vGPUs on this GPU. */
  declare readonly vgpuInterface: pulumi.Output<VgpuInterface>;
  /** PCI address of the function that carries the vGPU: what a VM is given on vendor-specific VFIO. */
  declare readonly parent: pulumi.Output<string>;
  /** Resource name of its host. */
  readonly hostName: string;
  /** Release of its host's vGPU manager, when it is known while the program runs. */
  readonly hostRelease: string | null;

  constructor(name: string, args: MdevDeviceArgs, opts?: pulumi.CustomResourceOptions) {
    const hostName = resourceName(args.host);
    const uuid = args.uuid ?? vgpuUuid(pulumi.getProject(), pulumi.getStack(), name);
    const keep = isProtected(opts) || opts?.retainOnDelete === true;
    const [gpu, type] = [known(args.gpu), known(args.type)];
    const props = {
      name,
      owner: `${pulumi.getProject()}/${pulumi.getStack()}`,
      connection: secretConnection(args.host.connection),
      host: hostName,
      gpu: args.gpu,
      type: args.type,
      uuid,
      keep: keep ? true : undefined,
      declared:
        gpu === undefined || type === undefined
          ? undefined
          : declareVgpu({
              resource: name,
              host: hostName,
              gpu: parsePciAddress(gpu) ?? gpu,
              type,
              uuid: known(uuid)?.toLowerCase() ?? "",
              keep,
            }),
      vgpuInterface: undefined,
      parent: undefined,
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
    return pulumi
      .all([this.vgpuInterface, this.uuid, this.parent])
      .apply(([vgpuInterface, uuid, parent]) => hostdevXml({ vgpuInterface, uuid, parent }));
  }
}

/** Whether the engine protects a resource: a parent passes its protection on; Pulumi's SDK keeps it without typing it. */
function isProtected(opts: pulumi.CustomResourceOptions | undefined): boolean {
  const parent = opts?.parent as unknown as { readonly __protect?: boolean } | undefined;
  return (opts?.protect ?? parent?.__protect) === true;
}
