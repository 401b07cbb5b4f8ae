// A host that was frozen with its driver installed and its functions on is as good as one that never slept.
import { labBeds } from "../../contracts/beds.js";
import { describeLab } from "./lab-bed.js";

describeLab("ampere", labBeds.ampere, { from: "vGPU host", to: "vGPU host" });
