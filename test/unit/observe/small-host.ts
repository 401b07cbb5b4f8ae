import { mkdirSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { hostScript, readScript } from "../../../provider/observe/read-script.js";
import { SmallMachine } from "../small-machine.js";

export const gpu = "0000:3b:00.0";
export const pciBus = "sys/bus/pci/devices";

/** A host that observe/host.sh looks at, put together file by file. */
export class SmallHost extends SmallMachine {
  constructor() {
    super("host", ["nvidia-smi", "mdevctl"]);
    this.hurry();
    this.program("dmesg", "");
  }

  /** What the look at processes found: whether somebody has a file of one VFIO device open. */
  deviceFiles = "yes";

  /** The facts of these tags, of all but "link" and "end" where none is named. */
  facts(...tags: string[]): string[] {
    const functions = readScript("observe/machine.sh").split("kernel=$(uname")[0];
    const { stdout } = this.shell(`${functions}device_files=${this.deviceFiles}\n${hostScript()}`);
    const lines = stdout.split("\n").filter((line) => line !== "");
    const wanted = (tag = "") => (tags.length === 0 ? tag !== "link" && tag !== "end" : tags.includes(tag));
    return lines.filter((line) => wanted(line.split("\t")[0])).map((line) => line.replaceAll("\t", " "));
  }

  put(folder: string, files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) this.write(`${folder}/${name}`, `${text}\n`);
  }

  link(target: string, path: string): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    symlinkSync(target, this.at(path));
  }

  /** Puts a PCI function of NVIDIA's there, and returns its folder. */
  device(address: string, more: Readonly<Record<string, string>> = {}): string {
    this.put(`${pciBus}/${address}`, { vendor: "0x10de", class: "0x030200", device: "0x2235", ...more });
    return `${pciBus}/${address}`;
  }

  /** Lets the driver have a function. */
  bind(at: string): void {
    mkdirSync(this.at("sys/bus/pci/drivers/nvidia"), { recursive: true });
    this.link(this.at("sys/bus/pci/drivers/nvidia"), `${at}/driver`);
  }

  /** Puts a virtual function of the GPU there, and returns its folder. */
  virtualFunction(n: number): string {
    const at = this.device(`0000:3b:00.${n + 4}`);
    this.link(this.at(`${pciBus}/${gpu}`), `${at}/physfn`);
    this.link(this.at(at), `${pciBus}/${gpu}/virtfn${n}`);
    return at;
  }

  /** Lets a function or a GPU carry an mdev type, with so many instances left. */
  offer(at: string, left = "1"): void {
    this.put(`${at}/mdev_supported_types/nvidia-1`, {
      name: "A40-8Q",
      available_instances: left,
      description: "fb=8",
    });
  }
}
