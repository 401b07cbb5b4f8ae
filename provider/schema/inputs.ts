import { z } from "zod";
import type { SettingArguments } from "../model/gpu-settings.js";
import { parsePciAddress } from "../model/pci-address.js";
import { settings } from "../settings/order.js";
import { connectionSchema } from "./connection.js";
import { anyLine, fileText, lineText, nameText } from "./texts.js";

const sha256 = z
  .string()
  .toLowerCase()
  .regex(/^[0-9a-f]{64}$/, "must be the 64 hexadecimal digits of a sha256");

const packageSchema = z
  .strictObject({
    path: lineText(4096).optional(),
    hostPath: lineText(4096).startsWith("/").optional(),
    sha256,
  })
  .refine(
    (value) => (value.path === undefined) !== (value.hostPath === undefined),
    "must have path or hostPath, one of the two",
  );

const driverSchema = z.strictObject({ release: nameText(), package: packageSchema.optional() });

const rebootSchema = z.strictObject({
  allow: z.boolean().default(false),
  deadlineMinutes: z.number().min(1).max(240).default(20),
});

const pciAddress = anyLine().transform((text, context) => {
  const address = parsePciAddress(text);
  if (address !== undefined) return address;
  context.addIssue({ code: "custom", message: 'must be a PCI address such as "0000:3b:00.0"' });
  return z.NEVER;
});

/** What every resource says of itself. */
const identity = {
  /** Resource name. */
  name: nameText(),
  /** `"project/stack"` */
  owner: nameText(511),
  connection: connectionSchema,
};

/** Returns the form of a GPU's arguments: each setting brings its own. */
function gpuSchema(): z.ZodType<SettingArguments, Partial<SettingArguments>> {
  const shape = settings.flatMap(({ argument }) =>
    argument === undefined ? [] : [[argument.name, argument.schema(z)] as const],
  );
  return z.strictObject(Object.fromEntries(shape)) as unknown as z.ZodType<
    SettingArguments,
    Partial<SettingArguments>
  >;
}

/** The last ones state what holds of a declared host, so that drift has a property: of its driver, and of its GPUs. */
const hostSchema = z.strictObject({
  ...identity,
  driver: driverSchema.optional(),
  gpus: z.record(pciAddress, gpuSchema()).default({}),
  reboot: rebootSchema.prefault({}),
  managed: z.literal(true).default(true),
  nouveau: z.literal("blocked").optional(),
  managerService: z.literal("active").optional(),
  restoredAtBoot: z.literal(true).optional(),
});

/** Checked inputs of a VgpuHost. */
export const vgpuHostSchema = hostSchema.overwrite((host) => {
  const { nouveau: _nouveau, managerService: _service, restoredAtBoot: _restored, ...declared } = host;
  const ofDriver = { nouveau: "blocked", managerService: "active" } as const;
  const ofGpus = { restoredAtBoot: true } as const;
  return {
    ...declared,
    ...(declared.driver === undefined ? {} : ofDriver),
    ...(Object.keys(declared.gpus).length === 0 ? {} : ofGpus),
  };
});

/** Name of a file in sysfs: it becomes part of paths. */
const sysfsName = z
  .string()
  .max(255)
  .regex(
    /^(?!\.{1,2}$)[^/\s\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]+$/u,
    "must be a name in sysfs: not empty, without blanks, slashes and control characters",
  );

/** Resource name of the VgpuHost. */
const host = nameText();

/** The last ones state what holds of every declared vGPU. */
const anyMdevDevice = {
  uuid: z
    .string()
    .toLowerCase()
    .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "must be a UUID"),
  keep: z.literal(true).optional(),
  defined: z.literal(true).default(true),
  restoredAtBoot: z.literal(true).default(true),
};

/** Checked inputs of an MdevDevice on an NVIDIA GPU. */
export const gpuMdevSchema = z.strictObject({
  ...identity,
  host,
  gpu: pciAddress,
  type: anyLine(),
  ...anyMdevDevice,
});

/** Checked inputs of an MdevDevice on a parent that is not NVIDIA's. */
export const parentMdevSchema = z.strictObject({
  ...identity,
  host,
  parent: sysfsName.transform((name) => parsePciAddress(name) ?? name),
  mdevType: sysfsName,
  ...anyMdevDevice,
});

/** Checked inputs of a GuestDriverInstall. The last ones state what holds of every declared guest. */
export const guestDriverInstallSchema = z.strictObject({
  ...identity,
  /** UUID of its vGPU. */
  device: nameText().optional(),
  hostRelease: nameText().optional(),
  driver: driverSchema.optional(),
  license: z
    .strictObject({
      token: fileText(),
      feature: z.enum(["vgpu", "vws", "vcs", "vapps"]).default("vgpu"),
    })
    .optional(),
  reboot: rebootSchema.prefault({}),
  managed: z.literal(true).default(true),
  nouveau: z.literal("blocked").default("blocked"),
  licenseState: z.literal("licensed").default("licensed"),
});

export type VgpuHostInputs = z.infer<typeof vgpuHostSchema>;
export type MdevDeviceInputs = z.infer<typeof gpuMdevSchema> | z.infer<typeof parentMdevSchema>;
export type GuestDriverInstallInputs = z.infer<typeof guestDriverInstallSchema>;
