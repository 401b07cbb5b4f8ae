import { mkdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { changingScript } from "../../../provider/apply/machine.js";
import { SmallMachine } from "../small-machine.js";

const conf = "etc/nvidia/gridd.conf";
const kept = "var/lib/pulumi-vgpu/gridd.conf.before";
const none = "var/lib/pulumi-vgpu/gridd.conf.none";
const token = "etc/nvidia/ClientConfigToken/client_configuration_token_pulumi-vgpu.tok";
const record = "etc/pulumi-vgpu/gridd";

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("guest");
  machine.write("etc/pulumi-vgpu/guest", "owner=shop/dev\n");
  machine.write("etc/pulumi-vgpu/format", "format=2\n");
  machine.program("systemctl", "");
  machine.hurry();
});
afterEach(() => machine.remove());

/** Runs a script that waits for two minutes so that it waits twice. */
function quickly(name: string, args: readonly string[] = []) {
  const text = changingScript(name, "guest");
  const quick = text.replace("until_true 1200 ", "until_true 2 ");
  if (quick === text) throw new Error("the wait is no longer written so");
  return machine.shell(quick, args);
}

describe("write-gridd-conf", () => {
  it("sets FeatureType, leaves other settings, and keeps the file as it was before the first time", () => {
    machine.write(conf, "ServerPort=7\nFeatureType=4\n FeatureType = 2\n# FeatureType=9\n", 0o640);
    expect(machine.run("write-gridd-conf", ["1"])).toMatchObject({ code: 0 });
    expect(machine.read(conf)).toBe("ServerPort=7\n# FeatureType=9\nFeatureType=1\n");
    expect(machine.run("write-gridd-conf", ["2"])).toMatchObject({ code: 0 });
    expect(machine.read(conf)).toBe("ServerPort=7\n# FeatureType=9\nFeatureType=2\n");
    expect(machine.read(kept)).toBe("ServerPort=7\nFeatureType=4\n FeatureType = 2\n# FeatureType=9\n");
    expect([machine.has(none), machine.read(record)]).toEqual([false, "state=intent\n"]);
  });

  it("begins with the vendor's template where there is no file, and notes that there was none", () => {
    machine.write(`${conf}.template`, "# of the vendor's\nFeatureType=0\n");
    for (const feature of ["1", "2"]) {
      expect(machine.run("write-gridd-conf", [feature])).toMatchObject({ code: 0 });
      expect(machine.read(conf)).toBe(`# of the vendor's\nFeatureType=${feature}\n`);
    }
    expect([machine.has(none), machine.has(kept)]).toEqual([true, false]);
  });

  it("leaves settings behind bytes that are no text, and changes nothing where it cannot read them all", () => {
    machine.write(conf, "# x\0y\nServerPort=7\nFeatureType=4\n");
    expect(machine.run("write-gridd-conf", ["1"])).toMatchObject({ code: 0 });
    expect(machine.read(conf)).toBe("# x\0y\nServerPort=7\nFeatureType=1\n");
    machine.program("grep", "head -n 1 $4; echo 'grep: Input/output error' >&2; exit 2");
    expect(machine.run("write-gridd-conf", ["2"])).not.toMatchObject({ code: 0 });
    expect(machine.read(conf)).toBe("# x\0y\nServerPort=7\nFeatureType=1\n");
  });

  it("changes nothing where it cannot keep the file as it was, or note that it is about to", () => {
    machine.write(conf, "FeatureType=4\n");
    mkdirSync(machine.at(`${kept}.new/gridd.conf`), { recursive: true });
    machine.write(`${kept}.new/gridd.conf/x`, "");
    expect(machine.run("write-gridd-conf", ["1"])).toMatchObject({ code: 1 });
    expect([machine.read(conf), machine.has(record)]).toEqual(["FeatureType=4\n", false]);
    machine.write(none, "");
    mkdirSync(machine.at(record));
    expect(machine.run("write-gridd-conf", ["1"])).toMatchObject({ code: 1 });
    expect(machine.read(conf)).toBe("FeatureType=4\n");
  });

  it("changes nothing where the folder to keep it in is not root's alone", () => {
    machine.write(conf, "FeatureType=4\n");
    machine.write("var/lib/pulumi-vgpu", "");
    expect(machine.run("write-gridd-conf", ["1"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("File exists"),
    });
    expect([machine.read(conf), machine.has(record)]).toEqual(["FeatureType=4\n", false]);
  });
});

describe("write-token", () => {
  it("notes it first, and puts no empty token or one that was cut in the place of another", () => {
    machine.write(token, "older");
    expect(machine.run("write-token", [], "")).not.toMatchObject({ code: 0 });
    expect([machine.read(token), machine.read(record)]).toEqual(["older", "state=intent\n"]);
    machine.program("cat", "printf half; exit 1");
    expect(machine.run("write-token", [], "whole")).not.toMatchObject({ code: 0 });
    expect(machine.read(token)).toBe("older");
  });

  it("writes nothing where it cannot note that", () => {
    mkdirSync(machine.at(record));
    expect(machine.run("write-token", [], "whole")).toMatchObject({ code: 1 });
    expect(machine.has(token)).toBe(false);
  });
});

describe("remove-license", () => {
  const remove = () => machine.run("remove-license");

  it("puts gridd.conf back as it was, and takes the token and the record away", () => {
    machine.write(conf, "FeatureType=4\n");
    machine.run("write-token", [], "whole");
    machine.run("write-gridd-conf", ["1"]);
    expect(remove()).toMatchObject({ code: 0 });
    expect(machine.read(conf)).toBe("FeatureType=4\n");
    expect([machine.has(token), machine.has(kept), machine.has(record)]).toEqual([false, false, false]);
    expect(machine.calls()).toContain("systemctl try-restart nvidia-gridd.service");
  });

  it("takes gridd.conf away where there was none, and leaves one that we never changed", () => {
    machine.run("write-gridd-conf", ["1"]);
    machine.program("systemctl", "exit 5");
    expect(remove()).toMatchObject({ code: 0 });
    expect([machine.has(conf), machine.has(none), machine.has(record)]).toEqual([false, false, false]);
    machine.write(conf, "FeatureType=4\n");
    expect(remove()).toMatchObject({ code: 0 });
    expect(machine.read(conf)).toBe("FeatureType=4\n");
  });
});

describe("acquire-license", () => {
  const smi = (...lines: string[]) =>
    machine.program("nvidia-smi", `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(" ")}`);
  const licensed = "        License Status                    : Licensed (Expiry: 2026-12-1 1:2:3 GMT)";
  const unlicensed = "        License Status                    : Unlicensed (Restricted)";

  it("has nvidia-gridd read its settings, and is done when the guest says that it is licensed", () => {
    smi(unlicensed);
    machine.hurry(`printf '#!/bin/sh\\necho "${licensed.trim()}"\\n' > bin/nvidia-smi`);
    expect(machine.run("acquire-license")).toMatchObject({ code: 0 });
    expect(machine.calls().filter((call) => call.startsWith("systemctl"))).toEqual([
      "systemctl reset-failed nvidia-gridd.service",
      "systemctl restart nvidia-gridd.service",
    ]);
    expect(machine.read(record)).toBe("state=done\n");
  });

  it("fails where nvidia-gridd does not start", () => {
    smi(licensed);
    machine.program("systemctl", 'case $1 in restart) echo "Job failed" >&2; exit 1 ;; esac');
    expect(machine.run("acquire-license")).toMatchObject({ code: 1, stderr: "Job failed\n" });
    expect(machine.has(record)).toBe(false);
  });

  it("fails with what the guest says, and the time of its clock, where no license comes", () => {
    smi(
      "        Product Name                      : NVIDIA Virtual Applications",
      unlicensed,
      "        other : x",
    );
    const { code, stderr } = quickly("acquire-license");
    expect(code).toBe(1);
    expect(stderr.split("\n")).toEqual([
      "        Product Name                      : NVIDIA Virtual Applications",
      unlicensed,
      expect.stringMatching(/^clock of the guest: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/),
      "",
    ]);
    expect(machine.has(record)).toBe(false);
  });
});

describe("await-services", () => {
  const states = (text: string) => machine.program("systemctl", text);

  it("waits until no service is starting any more", () => {
    states("if [ -e settled ]; then echo failed; exit 3; else echo activating; exit 3; fi");
    machine.hurry("touch settled");
    expect(machine.run("await-services", ["a.service", "b.service"])).toMatchObject({ code: 0, stderr: "" });
    expect(machine.calls()).toEqual([
      "systemctl is-active a.service",
      "sleep 0.1",
      "systemctl is-active a.service",
      "systemctl is-active b.service",
    ]);
  });

  it("says which services were still starting at the end of its time", () => {
    states("echo reloading");
    expect(quickly("await-services", ["a.service", "b.service"])).toMatchObject({
      code: 1,
      stderr: "still starting after 120 s: a.service b.service\n",
    });
  });
});
