import { z } from "zod";
import { parsePciAddress } from "../model/pci-address.js";
import { connectionSchema } from "./connection.js";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be the 64 lower-case hexadecimal digits of a sha256");

const packageSchema = z
  .strictObject({
    path: z.string().min(1).optional(),
    hostPath: z.string().startsWith("/").optional(),
    sha256,
  })
  .refine(
    (value) => (value.path === undefined) !== (value.hostPath === undefined),
    "must have path or hostPath, one of the two",
  );

const driverSchema = z.strictObject({ release: z.string().min(1), package: packageSchema.optional() });

const rebootSchema = z.strictObject({
  allow: z.boolean().default(false),
  deadlineMinutes: z.number().min(1).max(240).default(20),
});

const pciAddress = z.string().transform((text, context) => {
  const address = parsePciAddress(text);
  if (address !== undefined) return address;
  context.addIssue({ code: "custom", message: 'must be a PCI address such as "0000:3b:00.0"' });
  return z.NEVER;
});

/** What every resource says of itself. */
const identity = {
  /** Resource name. */
  name: z.string().min(1),
  /** `"project/stack"` */
  owner: z.string().min(1),
  connection: connectionSchema,
};

/** Checked inputs of a VgpuHost. The last ones state what holds of every declared host, so that drift has a property. */
export const vgpuHostSchema = z.strictObject({
  ...identity,
  driver: driverSchema.optional(),
  gpus: z.record(pciAddress, z.strictObject({ usage: z.literal("vgpu").default("vgpu") })).default({}),
  reboot: rebootSchema.prefault({}),
  managed: z.literal(true).default(true),
  nouveau: z.literal("blocked").default("blocked"),
  managerService: z.literal("active").default("active"),
  restoredAtBoot: z.literal(true).default(true),
});

/** Checked inputs of an MdevDevice. The last ones state what holds of every declared vGPU. */
export const mdevDeviceSchema = z.strictObject({
  ...identity,
  /** Resource name of its host. */
  host: z.string().min(1),
  gpu: pciAddress,
  type: z.string().min(1),
  uuid: z
    .string()
    .toLowerCase()
    .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "must be a UUID"),
  keep: z.literal(true).optional(),
  defined: z.literal(true).default(true),
  restoredAtBoot: z.literal(true).default(true),
});

/** Checked inputs of a GuestDriverInstall. The last ones state what holds of every declared guest. */
export const guestDriverInstallSchema = z.strictObject({
  ...identity,
  /** UUID of its vGPU. */
  device: z.string().optional(),
  hostRelease: z.string().optional(),
  driver: driverSchema.optional(),
  license: z
    .strictObject({
      token: z.string().min(1),
      feature: z.enum(["vgpu", "vws", "vcs", "vapps"]).default("vgpu"),
    })
    .optional(),
  reboot: rebootSchema.prefault({}),
  managed: z.literal(true).default(true),
  nouveau: z.literal("blocked").default("blocked"),
  licenseState: z.literal("licensed").default("licensed"),
});

export type VgpuHostInputs = z.infer<typeof vgpuHostSchema>;
export type MdevDeviceInputs = z.infer<typeof mdevDeviceSchema>;
export type GuestDriverInstallInputs = z.infer<typeof guestDriverInstallSchema>;
