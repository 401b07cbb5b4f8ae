import { describeSimulatedGuest, describeSimulatedHost, simulatedHosts } from "./describe-simulated.js";

describeSimulatedHost(simulatedHosts.turingLegacy);
describeSimulatedHost(simulatedHosts.adaVendorVfio);
describeSimulatedGuest();
