// The one door: everything that stored provider text may require. Its path and these names are promised for ever.
export { guestDriverInstall } from "./resources/guest-driver-install.js";
export { mdevDevice } from "./resources/mdev-device.js";
export { vgpuHost } from "./resources/vgpu-host.js";
