import { simulatedBeds } from "../../contracts/beds.js";
import type { BedState } from "../../contracts/contract.js";
import { describeBed } from "../../contracts/run-suite.js";
import {
  type OpenBed,
  openSimulatedGuest,
  openSimulatedHost,
  type SimulatedChoice,
} from "./simulated-bed.js";

const ampere: SimulatedChoice = {
  facts: simulatedBeds.ampereMdev,
  kind: "ampereMdev",
  options: { dkms: true },
};

/** The simulated hosts that contracts are looked at on. */
export const simulatedHosts = {
  turingLegacy: { facts: simulatedBeds.turingLegacy, kind: "turingLegacy" },
  ampereMdev: ampere,
  ampereRpm: { facts: simulatedBeds.ampereRpm, kind: "ampereMdev", options: { distribution: "rocky-9" } },
  adaVendorVfio: { facts: simulatedBeds.adaVendorVfio, kind: "adaVendorVfio" },
} satisfies Record<string, SimulatedChoice>;

/** Registers the tests of a simulated host, up to a state if one is given. */
export function describeSimulatedHost(choice: SimulatedChoice, to?: BedState): void {
  let opened: OpenBed | undefined;
  describeBed({
    facts: choice.facts,
    open: async () => {
      opened = await openSimulatedHost(choice);
      return opened.bed;
    },
    close: async () => opened?.close(),
    ...(to === undefined ? {} : { to }),
  });
}

/** Registers the tests of a simulated guest. */
export function describeSimulatedGuest(): void {
  let opened: OpenBed | undefined;
  describeBed({
    facts: simulatedBeds.linuxGuest,
    open: async () => {
      opened = await openSimulatedGuest(simulatedBeds.linuxGuest, ampere);
      return opened.bed;
    },
    close: async () => opened?.close(),
  });
}
