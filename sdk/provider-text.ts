/**
 * Returns the text that is stored with every resource and says where its lifecycle is. It must never change: refresh
 * and destroy run the stored one.
 */
export function providerText(lifecycle: "vgpuHost" | "mdevDevice" | "guestDriverInstall"): string {
  return `exports.handler=()=>require("pulumi-vgpu/provider").${lifecycle}`;
}
