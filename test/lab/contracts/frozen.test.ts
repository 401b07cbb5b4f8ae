// The part that takes minutes: hosts that were frozen with their driver installed and their functions on.
import { labBeds } from "../../contracts/beds.js";
import { describeLab } from "./lab-bed.js";

const made = { from: "vGPU host", to: "vGPU host" } as const;

describeLab("ampere", labBeds.ampere, made);
describeLab("ada", labBeds.ada, made);
