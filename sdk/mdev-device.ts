import * as pulumi from "@pulumi/pulumi";
import type { VgpuInterface } from "../provider/model/facts.js";
import { hostdevXml } from "../provider/model/hostdev.js";
import { parsePciAddress } from "../provider/model/pci-address.js";
import type { DeclaredVgpu, Refusal } from "../provider/plan/declared/program.js";
import { secretConnection } from "./connection-input.js";
import { type Declaring, declareRow, declareVgpu, declareWrong } from "./declarations.js";
import { formerNames, identityOf, isIgnored, isProtected, resourceName, rowOf } from "./options.js";
import { providerText } from "./provider-text.js";
import { isPlainObject, partOf, type Soon } from "./soon.js";
import type { VgpuHost } from "./vgpu-host.js";
import { vgpuUuid } from "./vgpu-uuid.js";
import { checkedName, isResourceWith, nameable, wrongArguments, wrongKind } from "./wrong-kinds.js";

/** What is wanted of any vGPU. */
interface AnyMdevDeviceArgs {
  /**
   * The VgpuHost that it is on.
   * @change replaces the vGPU, if it is another machine
   * @throws VGPU_INPUT, VGPU_UNREACHABLE, VGPU_FOREIGN
   */
  host: VgpuHost;
  /**
   * UUID of the mdev; on vendor-specific VFIO the name of the vGPU in the host's manifest.
   * @default derived from project, stack and resource name
   * @change replaces the vGPU
   * @throws VGPU_CLAIM_CONFLICT, VGPU_FOREIGN
   */
  uuid?: pulumi.Input<string>;
}

/** What is wanted of a vGPU of an NVIDIA GPU. */
export interface GpuMdevArgs extends AnyMdevDeviceArgs {
  /**
   * PCI address of a GPU that the host declares, e.g. `"0000:3b:00.0"`.
   * @change replaces the vGPU
   * @throws VGPU_INPUT, VGPU_NO_SUCH_GPU
   */
  gpu: pulumi.Input<string>;
  /**
   * vGPU type by its short name `"A40-8Q"` or its full name `"NVIDIA A40-8Q"`. Every vGPU of a GPU has the same
   * framebuffer size.
   * @change in place, while no VM uses it
   * @throws VGPU_UNKNOWN_TYPE, VGPU_SIZE_CONFLICT, VGPU_CAPACITY, VGPU_IN_USE
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
  /**
   * Name of the device under `/sys/class/mdev_bus`, e.g. `"mtty"`, `"0000:00:02.0"`.
   * @change replaces the mdev
   * @throws VGPU_NO_SUCH_PARENT
   */
  parent: pulumi.Input<string>;
  /**
   * Name of a directory under its `mdev_supported_types`, e.g. `"mtty-2"`, `"i915-GVTg_V5_4"`.
   * @change in place, while no VM uses it
   * @throws VGPU_UNKNOWN_TYPE, VGPU_CAPACITY, VGPU_IN_USE
   */
  mdevType: pulumi.Input<string>;
  gpu?: never;
  type?: never;
}

/** What is wanted of a vGPU: `gpu` and `type` of an NVIDIA GPU, or `parent` and `mdevType` of anything else. */
export type MdevDeviceArgs = GpuMdevArgs | ParentMdevArgs;

const type = "pulumi-nodejs:dynamic/vgpu:MdevDevice";

/**
 * One virtual GPU: an mdev on a legacy board or on a virtual function, or a vendor-specific VFIO function. Which of the
 * three is found on the host. Or an mdev of a device that is not NVIDIA's. It survives reboots of the host. It is never
 * changed or removed while a VM uses it.
 *
 * @example
 * const desk = new vgpu.MdevDevice("desk-1", { host, gpu: "0000:3b:00.0", type: "A40-8Q" });
 * const serial = new vgpu.MdevDevice("serial-1", { host, parent: "mtty", mdevType: "mtty-2" });
 * export const hostdevs = [desk.hostdevXml, serial.hostdevXml];
 */
export class MdevDevice extends pulumi.CustomResource {
  /** UUID of the mdev; on vendor-specific VFIO the name of the vGPU in the host's manifest. */
  declare readonly uuid: pulumi.Output<string>;
  /** PCI address of its GPU; `undefined` for an mdev of a device that is not NVIDIA's. */
  declare readonly gpu: pulumi.Output<string | undefined>;
  /** The declared type; `undefined` for an mdev of a device that is not NVIDIA's. */
  declare readonly type: pulumi.Output<string | undefined>;
  /** The declared mdev type; `undefined` for a vGPU of an NVIDIA GPU: the number in it changes between driver releases. */
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
  /** @internal The same, also where it comes by an output or a promise. */
  readonly hostReleaseSoon: Promise<unknown>;

  constructor(name: string, args: MdevDeviceArgs, opts?: pulumi.CustomResourceOptions) {
    const resource = checkedName(name, "MdevDevice");
    const wrong = [...wrongArguments(resource, args), ...wrongHost(resource, args)].slice(0, 1);
    const { host, ...given } = wrong.length > 0 ? ({} as Partial<MdevDeviceArgs>) : args;
    const hostName = host === undefined ? "" : resourceName(host);
    const uuid = given.uuid ?? vgpuUuid(pulumi.getProject(), pulumi.getStack(), name);
    const device = { resource: name, host: hostName, keep: isKept(opts), uuidDerived: given.uuid == null };
    declareRow("MdevDevice", resource, pulumi.createUrn(resource, type, opts?.parent));
    const props = {
      // A property of a wrong name is refused like any other wrong input. Those that are outputs are named, if undefined.
      ...nameable(given),
      ...identityOf(name),
      connection: secretConnection(host?.connection),
      host: hostName,
      gpu: given.gpu,
      type: given.type,
      parent: given.parent,
      mdevType: given.mdevType,
      uuid,
      uuidDerived: device.uuidDerived ? true : undefined,
      keep: device.keep ? true : undefined,
      declared:
        wrong.length > 0
          ? declareWrong("MdevDevice", wrong)
          : declareVgpu(declaring(device, { ...given, uuid }, opts)),
      vgpuInterface: undefined,
      deviceApi: undefined,
      row: rowOf(name, type, opts),
      __provider: providerText("mdevDevice"),
    };
    const after = host === undefined ? opts : pulumi.mergeOptions(opts, { dependsOn: [host] });
    super(type, name, props, after);
    this.hostName = hostName;
    this.hostRelease = host?.release ?? null;
    this.hostReleaseSoon = host?.releaseSoon ?? Promise.resolve(undefined);
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

function wrongHost(resource: string, args: unknown): Refusal[] {
  const host = isPlainObject(args) ? args.host : undefined;
  if (!isPlainObject(args) || isResourceWith(host, "releaseSoon")) return [];
  const expected = "the VgpuHost that carries it";
  const next = "give host the VgpuHost itself, not its name, its address or an output of it";
  return [wrongKind(resource, { property: "host", value: host, expected, next })];
}

function isKept(opts: pulumi.CustomResourceOptions | undefined): boolean {
  return isProtected(opts) || opts?.retainOnDelete === true;
}

type Device = Pick<DeclaredVgpu, "resource" | "host" | "keep" | "uuidDerived">;
const parts = ["gpu", "type", "parent", "mdevType", "uuid"] as const;

function declaring(
  device: Device,
  args: object,
  opts: pulumi.CustomResourceOptions | undefined,
): Declaring<DeclaredVgpu> {
  const soon = parts.map((part) => partOf(args, [part]));
  const aliases = formerNames(device.resource, opts);
  const value = Promise.all([aliases, ...soon.map((one) => one.value)]).then(([names, ...values]) => {
    const [gpu, type, parent, mdevType, uuid] = values.map((one) =>
      typeof one === "string" ? one : undefined,
    );
    const asItIs = parts.some((part) => isIgnored(opts, part));
    const vgpu = { ...device, uuid: uuid?.toLowerCase() ?? "", formerNames: names, asItIs };
    return inOneForm(vgpu, { gpu, type, parent, mdevType });
  });
  const afterResource = soon.some((one) => one.afterResource);
  return { afterResource, value, late: lateVgpu(device, aliases, partOf(args, ["uuid"])) };
}

/** What is known of it in any case: its name, and its UUID and former names as soon as they are. */
function lateVgpu({ resource, host }: Device, aliases: Promise<readonly string[]>, uuid: Soon) {
  const vgpu = { resource, host, uuid: "", formerNames: [] as readonly string[] };
  const isNamed = uuid.value.then((known) => {
    if (typeof known === "string") vgpu.uuid = known.toLowerCase();
  });
  const areNamed = aliases.then((names) => {
    vgpu.formerNames = names;
  });
  return { vgpu, named: Promise.all([areNamed, uuid.afterResource ? undefined : isNamed]) };
}

type Form = Readonly<Record<"gpu" | "type" | "parent" | "mdevType", string | undefined>>;

/** Returns it in one of its two forms; `undefined` when what is known is not enough for that, or not one of them. */
function inOneForm(
  vgpu: Omit<DeclaredVgpu, "gpu" | "type" | "parent" | "mdevType">,
  { gpu, type, parent, mdevType }: Form,
): DeclaredVgpu | undefined {
  if (gpu !== undefined && type !== undefined) {
    const alone = parent === undefined && mdevType === undefined;
    return alone ? { ...vgpu, gpu: parsePciAddress(gpu) ?? gpu, type } : undefined;
  }
  if (parent === undefined || mdevType === undefined) return undefined;
  return { ...vgpu, parent: parsePciAddress(parent) ?? parent, mdevType };
}
