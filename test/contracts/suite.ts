import type { BedFacts, BedState, Contract } from "./contract.js";
import { bootContracts } from "./rooms/boot.js";
import { dkmsContracts } from "./rooms/dkms.js";
import { fileContracts } from "./rooms/files.js";
import { guestContracts } from "./rooms/guest.js";
import { initramfsContracts } from "./rooms/initramfs.js";
import { installerContracts } from "./rooms/installer.js";
import { libvirtContracts } from "./rooms/libvirt.js";
import { lockContracts } from "./rooms/locks.js";
import { mdevContracts } from "./rooms/mdev.js";
import { mdevInUseContracts } from "./rooms/mdev-in-use.js";
import { mdevctlContracts } from "./rooms/mdevctl.js";
import { moduleContracts } from "./rooms/modules.js";
import { smiContracts } from "./rooms/nvidia-smi.js";
import { packageContracts } from "./rooms/packages.js";
import { pciContracts } from "./rooms/pci.js";
import { procContracts } from "./rooms/proc.js";
import { sriovContracts } from "./rooms/sriov.js";
import { sshContracts } from "./rooms/ssh.js";
import { sudoContracts } from "./rooms/sudo.js";
import { systemdContracts } from "./rooms/systemd.js";
import { textContracts } from "./rooms/texts.js";
import { vendorVfioContracts } from "./rooms/vendor-vfio.js";

/** Every contract, room by room. */
export const contracts: readonly Contract[] = [
  ...fileContracts,
  ...textContracts,
  ...lockContracts,
  ...procContracts,
  ...sudoContracts,
  ...sshContracts,
  ...systemdContracts,
  ...moduleContracts,
  ...packageContracts,
  ...pciContracts,
  ...initramfsContracts,
  ...installerContracts,
  ...dkmsContracts,
  ...sriovContracts,
  ...mdevContracts,
  ...mdevInUseContracts,
  ...vendorVfioContracts,
  ...libvirtContracts,
  ...smiContracts,
  ...mdevctlContracts,
  ...bootContracts,
  ...guestContracts,
];

/** Returns the contracts that a bed shows in one of its states. */
export function contractsFor(facts: BedFacts, state: BedState): Contract[] {
  return contracts.filter((contract) => {
    const states: readonly BedState[] =
      typeof contract.needs === "string" ? [contract.needs] : contract.needs;
    return states.includes(state) && (contract.on?.(facts) ?? true);
  });
}
