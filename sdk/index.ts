export type { ConnectionArgs, DriverArgs, HopArgs, PackageArgs, RebootArgs } from "./args.js";
export {
  GuestDriverInstall,
  type GuestDriverInstallArgs,
  type LicenseArgs,
  type ObservedGuest,
} from "./guest-driver-install.js";
export { type GpuMdevArgs, MdevDevice, type MdevDeviceArgs, type ParentMdevArgs } from "./mdev-device.js";
export { type GpuArgs, type ObservedHost, VgpuHost, type VgpuHostArgs } from "./vgpu-host.js";
