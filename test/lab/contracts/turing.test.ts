// What comes before the driver does not depend on the card, and is looked at on the A40 host.
import { labBeds } from "../../contracts/beds.js";
import { describeLab } from "./lab-bed.js";

describeLab("turing", labBeds.turing, {
  start: { from: "vGPU host", on: { kind: "ampere", facts: labBeds.ampere } },
});
