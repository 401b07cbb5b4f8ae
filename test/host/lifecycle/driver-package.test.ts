import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { changingScript } from "../../../provider/apply/machine.js";
import type { DeclaredResource } from "../../fleet/program.js";
import { runPreview, runUnchecked, runUp, startRun } from "../../fleet/run.js";
import type { SimulatedMachine } from "../machine/simulated-machine.js";
import { makeHostRun } from "../model/run-package.js";
import { type Bed, type HostBed, hostName, openBed, vgpusOf } from "./bed.js";
import { leftoversOn } from "./end-state.js";
import { liveTypes } from "./live-vgpus.js";
import { expectUntouched, noteOf } from "./untouched.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

const packages = "/var/lib/pulumi-vgpu/packages";
const version = "550.127.06";

/** The host with one vGPU, and its package where the program says. */
function programWith(host: HostBed, source: object = bed.packages.manager): DeclaredResource[] {
  const driver = { release: "17.4", package: source };
  return host
    .program(vgpusOf("T4-4Q", 1))
    .map((each) => (each.kind === "vgpuHost" ? { ...each, inputs: { ...each.inputs, driver } } : each));
}

async function failureOf(program: readonly DeclaredResource[], host: HostBed): Promise<string> {
  return (await startRun({ task: "up", program, statePath: host.statePath }).ended).error;
}

async function moduleOn(machine: SimulatedMachine): Promise<string> {
  return (await machine.shell("modinfo -F version nvidia 2> /dev/null || echo none")).stdout.trim();
}

describe.concurrent("a driver package", () => {
  it("that lies on the host is run from a copy that only root can change, and from nothing else", {
    timeout: 600_000,
  }, async () => {
    const host = await bed.host("host-path", "turingLegacy");
    const { machine } = host;
    const { sha256 } = bed.packages.manager;
    const path = "/srv/open/driver.bin";
    const copy = `${packages}/${sha256}.run`;
    const program = programWith(host, { hostPath: path, sha256 });
    const evil = "#!/bin/sh\ntouch /root/evil\n";
    await machine.shell("mkdir -p /srv/open; chmod 777 /srv/open");

    await machine.shell(`truncate -s 8T ${path}`);
    expect(await runUnchecked(program.slice(0, 1))).toEqual({
      [hostName]: `VGPU_PACKAGE_MISMATCH gpu-host: the file on the machine is too big for a driver package
Saw: ${path} has 8388608 MiB (stat)
Expected: at most 4096 MiB, as every driver package
Next: put the right file there, or declare its path and hash`,
    });
    await machine.shell(`rm ${path}`);

    await machine.writeFile(path, evil);
    const other = (await machine.shell(`sha256sum < ${path}`)).stdout.slice(0, 64);
    const mismatch = `VGPU_PACKAGE_MISMATCH gpu-host: the driver package on the machine is another file than declared
Saw: sha256 ${other} (${path})
Expected: sha256 ${sha256}
Next: put the right file there, or declare its path and hash`;
    const before = await noteOf(machine);
    expect(await runUnchecked(program.slice(0, 1))).toEqual({ [hostName]: mismatch });
    await expectUntouched(machine, before);

    await machine.writeFile(path, readFileSync(bed.packages.manager.path, "latin1"));
    await runUp(program, host.statePath);
    expect(await liveTypes(machine)).toEqual(["T4-4Q"]);
    expect((await machine.shell(`stat -c '%a %U' ${packages} ${copy}`)).stdout).toBe("700 root\n600 root\n");

    await machine.shell("for u in /sys/bus/mdev/devices/*; do echo 1 > $u/remove; done");
    await machine.shell("nvidia-uninstall --silent; systemctl stop nvidia-vgpu-mgr");
    await machine.writeFile(copy, evil);
    expect(await failureOf(program, host)).toBe("");
    expect(await moduleOn(machine)).toBe(version);
    expect((await machine.shell(`sha256sum < ${copy}`)).stdout).toContain(sha256);
    expect((await machine.shell("ls /root/evil")).code).not.toBe(0);
    expect(await leftoversOn(machine)).toEqual([]);
  });

  it("whose copy is another file when root would run it is not run, and the step ends there", {
    timeout: 300_000,
  }, async () => {
    const { machine } = await bed.host("damaged", "turingLegacy");
    const { sha256 } = bed.packages.manager;
    const copy = `${packages}/${sha256}.run`;
    await machine.shell(`mkdir -p ${packages}`);
    await machine.writeFile(copy, "#!/bin/sh\ntouch /root/evil\n");
    const found = (await machine.shell(`sha256sum < ${copy}`)).stdout.slice(0, 64);
    for (const [name, args] of [
      ["install-driver", `${copy} ${version} no ${sha256}`],
      ["uninstall-driver", `${copy} ${sha256}`],
    ] as const) {
      const ended = await machine.shell(`set -- ${args}\n${changingScript(name, "host")}`);
      expect(ended).toMatchObject({ code: 3, stdout: `sha256 of ${copy} is ${found}, expected ${sha256}\n` });
    }
    expect((await machine.shell("ls /root/evil /etc/pulumi-vgpu/driver")).stdout).toBe("");
  });

  it("that lies on the host, and that a run before copied, is judged again when another release is declared", {
    timeout: 300_000,
  }, async () => {
    const host = await bed.host("other-release", "turingLegacy");
    const { machine } = host;
    const { sha256 } = bed.packages.manager;
    const path = `/srv/NVIDIA-Linux-x86_64-${version}-vgpu-kvm.run`;
    await machine.writeFile(path, readFileSync(bed.packages.manager.path, "latin1"));
    const source = { hostPath: path, sha256 };
    await runUp(programWith(host, source), host.statePath);
    const before = await noteOf(machine);
    const newer = programWith(host, source).map((each) =>
      each.kind === "vgpuHost"
        ? { ...each, inputs: { ...each.inputs, driver: { release: "17.5", package: source } } }
        : each,
    );
    const reasons = (await runPreview(newer, host.statePath))[hostName]?.failures.map(({ reason }) => reason);
    expect(reasons).toEqual([
      expect.stringContaining("the vGPU manager 550.127.06 (release 17.4) is not that of release 17.5"),
    ]);
    await expectUntouched(machine, before);
  });

  it("that is none is refused in up, too, where no check has kept it from that", {
    timeout: 300_000,
  }, async () => {
    const host = await bed.host("zip", "turingLegacy");
    const { machine } = host;
    const zip = "PK\u0003\u0004drivers";
    await machine.writeFile("/srv/drivers.run", zip);
    const declared = { hostPath: "/srv/drivers.run", sha256: createHash("sha256").update(zip).digest("hex") };
    const before = await noteOf(machine);
    const refused = await runUnchecked(programWith(host, declared).slice(0, 1));
    expect(refused[hostName]).toContain("the driver package is a zip archive, such as that of all drivers");
    await expectUntouched(machine, before);
  });

  it("without a folder to unpack to changes nothing, and the folders are told", {
    timeout: 300_000,
  }, async () => {
    const host = await bed.host("no-room", "turingLegacy");
    // Room goes between the look and the step.
    const full =
      '#!/bin/sh\ncase $* in */installer) ;; *) exec /usr/bin/df "$@" ;; esac\necho head\necho /dev/vda1 1000000 998976 1024 99% /\n';
    await host.machine.writeFile("/usr/local/bin/df", full, 0o755);
    expect(
      await failureOf(programWith(host), host),
    ).toBe(`VGPU_PREREQUISITE gpu-host: the driver's installer has no folder to unpack itself to
Saw: /var/lib/pulumi-vgpu/installer has room for 1 MiB, the installer needs 128 MiB; /usr/local/lib/pulumi-vgpu/installer has room for 1 MiB, the installer needs 128 MiB
Expected: one of them with room, and not mounted noexec
Next: make room there, or mount its file system with exec, run again
Now: this step took nothing away and installed nothing`);
    const left = await host.machine.shell("ls -d /var/lib/pulumi-vgpu/installer /usr/local/lib/pulumi-vgpu");
    expect(left.stdout).toBe("");
    await host.machine.shell("rm /usr/local/bin/df");
    await runUp(programWith(host), host.statePath);
    expect(await liveTypes(host.machine)).toEqual(["T4-4Q"]);
    expect(await host.machine.shell("ls /var/lib/pulumi-vgpu")).toMatchObject({
      stdout: "installer.log\npackages\n",
    });
  });

  it("whose installer ends with 1 and leaves its module is installed again", {
    timeout: 300_000,
  }, async () => {
    const host = await bed.host("half", "turingLegacy", { kind: { faults: { installer: "half" } } });
    const error = await failureOf(programWith(host), host);
    expect(error).toContain("ERROR: Unable to load the 'nvidia-vgpu-vfio' kernel module.");
    expect(error).toContain(`installer exit code 1; module nvidia on disk: ${version}`);
    await host.machine.model("setFaults", { installer: undefined });
    await runUp(programWith(host), host.statePath);
    expect(await liveTypes(host.machine)).toEqual(["T4-4Q"]);
    const installs = (await host.machine.shell("grep -c complete /var/lib/pulumi-vgpu/installer.log")).stdout;
    expect(installs).toBe("1\n");
  });

  it("whose installation failed is told with the log of that run alone", { timeout: 300_000 }, async () => {
    const host = await bed.host("own-log", "turingLegacy", { kind: { faults: { installer: "fail-once" } } });
    const { machine } = host;
    await machine.writeFile("/var/log/nvidia-installer.log", "ERROR: of last year\n");
    await machine.shell("mkdir -p /var/lib/pulumi-vgpu");
    await machine.writeFile("/var/lib/pulumi-vgpu/installer.log", "ERROR: of an earlier run\n");
    const error = await failureOf(programWith(host), host);
    expect(error).toContain("ERROR: Building the kernel modules failed");
    expect(error).not.toMatch(/of last year|of an earlier run/);
  });

  it("whose installer ends before it writes a log is told so, and no other run's log is shown", {
    timeout: 300_000,
  }, async () => {
    const host = await bed.host("no-log", "turingLegacy");
    const { machine } = host;
    await machine.shell("mkdir -p /var/lib/pulumi-vgpu");
    await machine.writeFile("/var/lib/pulumi-vgpu/installer.log", "ERROR: of an earlier run\n");
    const full = '#!/bin/sh\ncase $* in *selfgz*) exit 1 ;; esac\nexec /usr/bin/mkdir "$@"\n';
    await machine.writeFile("/usr/local/bin/mkdir", full, 0o755);
    const error = await failureOf(programWith(host), host);
    expect(error).toContain("the installer wrote no log: it ended before it began to install");
    expect(error).toContain("installer exit code 15; module nvidia on disk: none");
    expect(error).not.toContain("of an earlier run");
    await machine.removeFile("/usr/local/bin/mkdir");
    await runUp(programWith(host), host.statePath);
    expect(await liveTypes(machine)).toEqual(["T4-4Q"]);
  });

  it("is unpacked neither to /tmp nor to any folder that others may write", {
    timeout: 240_000,
  }, async () => {
    const host = await bed.host("own-folder", "turingLegacy");
    const { machine } = host;
    const noted =
      '#!/bin/sh\ncase $* in *selfgz*) echo "$*" >> /root/unpacked ;; esac\nexec /usr/bin/mkdir "$@"\n';
    await machine.writeFile("/usr/local/bin/mkdir", noted, 0o755);
    await runUp(programWith(host), host.statePath);
    const unpacked = (await machine.shell("cat /root/unpacked")).stdout;
    expect(unpacked).toMatch(/^\/var\/lib\/pulumi-vgpu\/installer\/selfgz\d+\n$/);
    expect((await machine.shell("ls -d /var/lib/pulumi-vgpu/installer")).code).not.toBe(0);
  });

  it("on the host whose content is another version than its name is refused in preview", {
    timeout: 120_000,
  }, async () => {
    const host = await bed.host("other-version", "turingLegacy");
    const path = "/root/NVIDIA-Linux-x86_64-610.20.02-vgpu-kvm.run";
    await host.machine.writeFile(path, makeHostRun({ version: "610.10.01" }).toString());
    const sha256 = (await host.machine.shell(`sha256sum < ${path}`)).stdout.slice(0, 64);
    const driver = { release: "21.0", package: { hostPath: path, sha256 } };
    const [declared] = host.program({});
    if (declared === undefined) throw new Error("the program has no host");
    const program = [{ ...declared, inputs: { ...declared.inputs, driver } }];
    const previews = await runPreview(program as DeclaredResource[], host.statePath);
    const reasons = (previews[hostName]?.failures ?? []).map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason.startsWith("VGPU_PACKAGE_MISMATCH"))).toEqual([
      `VGPU_PACKAGE_MISMATCH gpu-host: the driver package is of version 610.10.01, its name says 610.20.02
Saw: ${path} on the machine: its header: targetdir NVIDIA-Linux-x86_64-610.10.01-vgpu-kvm
Expected: a file that is what its name says
Next: put the file there under its original name, and declare that path
Property: driver.package`,
    ]);
  });
});
