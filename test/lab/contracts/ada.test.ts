import { labBeds } from "../../contracts/beds.js";
import { describeLab } from "./lab-bed.js";

describeLab("ada", labBeds.ada);
