import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readScript } from "../../../provider/observe/read-script.js";
import { SmallMachine } from "../small-machine.js";

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("guest", ["nvidia-smi"]);
});
afterEach(() => machine.remove());

/** What observe/guest.sh prints. */
function facts(): string[] {
  const functions = readScript("observe/machine.sh").split("kernel=$(uname")[0];
  const { stdout } = machine.shell(functions + readScript("observe/guest.sh"));
  const lines = stdout.split("\n").filter((line) => line !== "" && line !== "end\tguest");
  return lines.map((line) => line.replaceAll("\t", " "));
}
const device = (address: string, vendor: string, kind: string) => {
  machine.write(`sys/bus/pci/devices/${address}/vendor`, `${vendor}\n`);
  machine.write(`sys/bus/pci/devices/${address}/class`, `${kind}\n`);
};
const plain = ["feature-type "];

describe("what a guest says of itself", () => {
  it("is each of NVIDIA's displays, and no other device", () => {
    device("0000:00:01.0", "0x1af4", "0x030000");
    device("0000:06:00.0", "0x10de", "0x030200");
    device("0000:06:00.1", "0x10de", "0x040300");
    expect(facts()).toEqual(["guest-gpu 0000:06:00.0", ...plain]);
  });

  it("is the last FeatureType of its settings", () => {
    machine.write(
      "etc/nvidia/gridd.conf",
      "# FeatureType=9\n FeatureType = 4\nFeatureType=1\nServerPort=2\n",
    );
    expect(facts()).toEqual(["feature-type 1"]);
  });

  it("is that its settings are unknown where they are no file, or cannot be read", () => {
    mkdirSync(machine.at("etc/nvidia/gridd.conf"), { recursive: true });
    expect(facts()).toEqual(["unread license /etc/nvidia/gridd.conf is no regular file", ...plain]);
    machine.shell("rmdir /etc/nvidia/gridd.conf; echo FeatureType=1 > /etc/nvidia/gridd.conf");
    machine.program("head", 'case $* in *gridd.conf) exit 1 ;; esac; exec /usr/bin/head "$@"');
    expect(facts()).toEqual(["unread license gridd.conf cannot be read (/etc/nvidia)", ...plain]);
  });

  it("is the hash of each token, and none of what is no file", () => {
    machine.write("etc/nvidia/ClientConfigToken/a.tok", "token");
    execFileSync("mkfifo", [machine.at("etc/nvidia/ClientConfigToken/b.tok")]);
    expect(facts()).toEqual([...plain, `token a.tok ${createHash("sha256").update("token").digest("hex")}`]);
  });

  it("is the lines on its license, and that they are unknown where nvidia-smi does not answer", () => {
    const said = [
      "Product Name : x",
      "  vGPU Software Licensed Product",
      "    License Status : Licensed",
      "other : y",
    ];
    machine.program("nvidia-smi", `printf '%s\\n' ${said.map((line) => `'${line}'`).join(" ")}`);
    expect(facts()).toEqual([
      ...plain,
      "license-line   vGPU Software Licensed Product",
      "license-line     License Status : Licensed",
    ]);
    expect(machine.calls()).toEqual(["nvidia-smi -q"]);
    for (const code of [124, 137]) {
      machine.program("timeout", `[ "$1" = 20 ] && exit ${code}`);
      expect(facts()).toEqual([...plain, "unread license nvidia-smi -q has not answered within 20 s"]);
    }
    machine.program("timeout", "exit 9");
    expect(facts()).toEqual(plain);
  });
});
