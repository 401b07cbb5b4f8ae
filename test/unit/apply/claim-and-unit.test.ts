import { mkdirSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SmallMachine } from "../small-machine.js";

const unit = "etc/systemd/system/pulumi-vgpu.service";
const library = "usr/local/lib/pulumi-vgpu";

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host");
  machine.write("etc/systemd/system/other.service", "");
  machine.program("systemctl", "");
});
afterEach(() => machine.remove());
const asked = () => machine.calls().filter((call) => call.startsWith("systemctl"));

describe("claim", () => {
  it("notes who has the machine, what was there before, and stacks that were renamed", () => {
    expect(machine.run("claim", ["host", "shop/dev/gpu-01", "absent"])).toMatchObject({ code: 0 });
    expect(machine.read("etc/pulumi-vgpu/host")).toBe("owner=shop/dev/gpu-01\nnouveau=absent\n");
    expect(machine.run("claim", ["host", "shop/new/gpu-01", "loaded", "shop/dev"])).toMatchObject({
      code: 0,
    });
    expect(machine.read("etc/pulumi-vgpu/host")).toBe(
      "owner=shop/new/gpu-01\nnouveau=loaded\nformer=shop/dev\n",
    );
  });
});

describe("release", () => {
  it("leaves nothing of ours but the locks", () => {
    machine.run("claim", ["host", "shop/dev/gpu-01", "absent"]);
    for (const path of [
      "var/lib/pulumi-vgpu/packages/x.run",
      "run/pulumi-vgpu/jobs/1/code",
      "run/pulumi-vgpu/write.1.1",
      "run/pulumi-vgpu/reboot-refused",
      "run/pulumi-vgpu/run.lock",
    ])
      machine.write(path, "");
    expect(machine.run("release", ["host"])).toMatchObject({ code: 0 });
    expect([machine.has("etc/pulumi-vgpu"), machine.has("var/lib/pulumi-vgpu")]).toEqual([false, false]);
    expect(machine.list("run/pulumi-vgpu")).toEqual(["run.lock"]);
  });

  it("leaves nothing of a guest's either", () => {
    const guest = new SmallMachine("guest");
    guest.run("claim", ["guest", "shop/dev/desk-1", "absent"]);
    guest.write("var/lib/pulumi-vgpu/packages/x.run", "");
    expect(guest.run("release", ["guest"])).toMatchObject({ code: 0 });
    expect([guest.has("etc/pulumi-vgpu"), guest.has("var/lib/pulumi-vgpu")]).toEqual([false, false]);
    guest.remove();
  });

  it("keeps the claim while a record before it cannot be taken away", () => {
    for (const record of ["driver", "nouveau"]) {
      machine.run("claim", ["host", "shop/dev/gpu-01", "absent"]);
      mkdirSync(machine.at(`etc/pulumi-vgpu/${record}`));
      expect(machine.run("release", ["host"])).not.toMatchObject({ code: 0 });
      expect(machine.has("etc/pulumi-vgpu/host")).toBe(true);
      machine.shell(`rmdir /etc/pulumi-vgpu/${record}`);
    }
  });
});

describe("install-boot-unit", () => {
  const install = () => machine.run("install-boot-unit", ["[Unit]\n"], "#!/bin/sh\n");

  it("has systemd read the unit and start it at boot when both files are there", () => {
    machine.program("systemctl", `[ -x ${library}/restore ] && [ -f ${unit} ]`);
    expect(install()).toMatchObject({ code: 0 });
    expect(asked()).toEqual(["systemctl daemon-reload", "systemctl enable pulumi-vgpu.service"]);
    expect([machine.read(`${library}/restore`), machine.read(unit)]).toEqual(["#!/bin/sh\n", "[Unit]\n"]);
  });

  it.each([
    ["the script cannot be removed that a crash left", `${library}/restore.new/x`, ""],
    ["a folder has the script's place", `${library}/restore/x`, ""],
    ["a folder has the unit's place", `${unit}/x`, ""],
    ["the disk may not have the files", "", "sync"],
    ["the script is cut", "", "cat"],
    ["the script cannot be made to run", "", "chmod"],
  ])("is not done, and the unit is not enabled, where %s", (_what, folder, program) => {
    if (folder) machine.write(folder, "");
    if (program === "chmod") machine.program("chmod", 'case $1 in 755) exit 1 ;; esac; exec /bin/chmod "$@"');
    else if (program) machine.program(program, "exit 1");
    expect(install().code).not.toBe(0);
    expect(asked()).toEqual([]);
  });

  it("writes to nothing that a link in the new files' place leads to", () => {
    machine.write("elsewhere", "as it was\n");
    mkdirSync(machine.at(library));
    for (const path of [`${library}/restore.new`, `${unit}.new`])
      symlinkSync(machine.at("elsewhere"), machine.at(path));
    expect(install()).toMatchObject({ code: 0 });
    expect(machine.read("elsewhere")).toBe("as it was\n");
  });

  it("is not done where systemd does not enable it", () => {
    machine.program("systemctl", "[ $1 != enable ]");
    expect(install().code).not.toBe(0);
  });
});

describe("remove-boot-unit", () => {
  it("takes the unit and its script away, and has systemd forget them", () => {
    machine.write(unit, "[Unit]\n");
    machine.write(`${library}/restore`, "#!/bin/sh\n");
    machine.program("systemctl", "echo not loaded >&2; exit 1");
    expect(machine.run("remove-boot-unit")).toMatchObject({ code: 0 });
    expect([machine.has(unit), machine.has(library)]).toEqual([false, false]);
    expect(asked()).toEqual(["systemctl disable pulumi-vgpu.service", "systemctl daemon-reload"]);
  });

  it("is not done while the unit is there", () => {
    machine.write(`${unit}/x`, "");
    expect(machine.run("remove-boot-unit")).toMatchObject({ code: 1 });
  });
});

describe("start-services", () => {
  it("starts them, and is done when the vGPU manager's is active, whatever the start said", () => {
    machine.program("systemctl", "[ $1 != start ]");
    expect(machine.run("start-services", ["a.service", "nvidia-vgpu-mgr.service"])).toMatchObject({
      code: 0,
    });
    expect(asked()).toEqual([
      "systemctl daemon-reload",
      "systemctl reset-failed a.service nvidia-vgpu-mgr.service",
      "systemctl start a.service nvidia-vgpu-mgr.service",
      "systemctl is-active --quiet nvidia-vgpu-mgr.service",
    ]);
    machine.program("systemctl", "[ $1 != is-active ]");
    expect(machine.run("start-services", ["nvidia-vgpu-mgr.service"]).code).not.toBe(0);
  });
});

describe("evidence", () => {
  it("is the end of each journal, and what the kernel said of GPUs", () => {
    machine.program("journalctl", 'printf "one\\ntwo  three\\n"');
    machine.program("dmesg", 'for n in $(seq 9); do echo "NVRM: $n"; done; echo other; echo "nouveau: x"');
    expect(machine.run("evidence", ["a.service", "b.service"]).stdout).toBe(
      `${["a", "b"].map((name) => `${name}.service: one\n${name}.service: two  three\n`).join("")}${[
        3, 4, 5, 6, 7, 8, 9,
      ]
        .map((n) => `NVRM: ${n}\n`)
        .join("")}nouveau: x\n`,
    );
    expect(machine.calls()).toContain("journalctl -u a.service -b -n 8 --no-pager -o cat");
  });

  it("does not wait for a journal that never answers", () => {
    machine.program("timeout", '[ "$1" = 10 ] && shift && exec /usr/bin/timeout 1 "$@"');
    for (const name of ["journalctl", "dmesg"]) machine.program(name, "exec /bin/sleep 60");
    expect(machine.run("evidence", ["a.service"])).toMatchObject({ stdout: "" });
  });
});
