import { labBeds } from "../../contracts/beds.js";
import { describeLab } from "./lab-bed.js";

describeLab("ampere", labBeds.ampere, {
  shared: ["host without nouveau", "host with driver", "vGPU host"],
});
