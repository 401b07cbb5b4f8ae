import { describeSimulatedHost, simulatedHosts } from "./describe-simulated.js";

describeSimulatedHost(simulatedHosts.ampereMdev);
// Another distribution differs in how it builds an initramfs and names packages, and in nothing after that.
describeSimulatedHost(simulatedHosts.ampereRpm, "host without nouveau");
