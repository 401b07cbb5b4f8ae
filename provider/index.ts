// The one door: everything that stored provider text may require. Its path and these names are promised for ever.
import { endWithEngine } from "./resources/end-with-engine.js";
import { inEngineForm } from "./resources/engine-form.js";
import { guestDriverInstall as guestDriverInstallLifecycle } from "./resources/guest-driver-install.js";
import { mdevDevice as mdevDeviceLifecycle } from "./resources/mdev-device.js";
import { vgpuHost as vgpuHostLifecycle } from "./resources/vgpu-host.js";

endWithEngine();

export const guestDriverInstall = inEngineForm("GuestDriverInstall", guestDriverInstallLifecycle);
export const mdevDevice = inEngineForm("MdevDevice", mdevDeviceLifecycle);
export const vgpuHost = inEngineForm("VgpuHost", vgpuHostLifecycle);
