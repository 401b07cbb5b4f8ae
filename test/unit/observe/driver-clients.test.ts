import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseFactLines } from "../../../provider/observe/fact-lines.js";
import { parseHostFacts } from "../../../provider/observe/observe-host.js";
import { parseDriverClients } from "../../../provider/observe/parse-driver-clients.js";
import { readScript } from "../../../provider/observe/read-script.js";
import { runShell } from "../shell.js";

const look = readScript("observe/look-at-processes.sh");
const scope = `docker-${"ab".repeat(32)}.scope`;

function clientsOf(...lines: readonly string[]) {
  return parseDriverClients(parseFactLines([...lines, "end\thost", ""].join("\n"), "host", "x"));
}

describe("who has NVIDIA's driver open", () => {
  it("is known by process, name, unit and files, and is part of a host's facts", () => {
    const lines = [
      "client\t990\t/dev/nvidia0",
      "client\t812\t/dev/nvidiactl",
      "client\t812\t/dev/nvidia0 (deleted)",
      "client\t812\t/dev/nvidiactl",
      "client-of\t812\tnvidia-persiste \t/system.slice/nvidia-persistenced.service ",
    ];
    const clients = [
      {
        pid: 812,
        name: "nvidia-persiste",
        unit: "nvidia-persistenced.service",
        service: true,
        files: ["/dev/nvidia0", "/dev/nvidiactl"],
      },
      { pid: 990, name: "", unit: null, service: false, files: ["/dev/nvidia0"] },
    ];
    expect(clientsOf(...lines)).toEqual(clients);
    expect(parseHostFacts([...lines, "end\thost\n"].join("\n"), "x").driverClients).toEqual(clients);
  });

  it.each([
    ["/system.slice/dcgm-exporter.service", "dcgm-exporter.service", true],
    ["/gpu.slice/gpu-watch.slice/agent.service", "agent.service", true],
    [`/system.slice/${scope}`, scope, false],
    [`/system.slice/${scope}/system.slice/inner.service`, scope, false],
    ["/user.slice/user-1000.slice/session-3.scope", "session-3.scope", false],
    ["/user.slice/user-1000.slice/user@1000.service/app.slice/watch.service", "user@1000.service", false],
    ["/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:ab", "containerd.service", false],
    ["/kubepods/besteffort/pod1/ab", null, false],
    ["/system.slice/agent.service.d", null, false],
    ["/", null, false],
    ["", null, false],
  ])("in the control group %s is of the unit %s, a service to stop: %s", (group, unit, service) => {
    expect(clientsOf("client\t7\t/dev/nvidiactl", `client-of\t7\tx\t${group}`)).toMatchObject([
      { unit, service },
    ]);
  });

  it("has no name and no unit where none was said", () => {
    expect(clientsOf("client\t7\t/dev/nvidiactl", "client-of\t7")).toEqual([
      { pid: 7, name: "", unit: null, service: false, files: ["/dev/nvidiactl"] },
    ]);
  });

  it("is not the vGPU manager itself, whose name nobody else in a unit of his own can take", () => {
    const of = (name: string, group: string) =>
      clientsOf("client\t7\t/dev/nvidiactl", `client-of\t7\t${name}\t${group}`).length;
    expect(of("nvidia-vgpu-mgr", "/system.slice/nvidia-vgpu-mgr.service")).toBe(0);
    expect(of("vgpu", "/system.slice/nvidia-vgpu-mgr.service")).toBe(0);
    expect(of("nvidia-vgpud", "/system.slice/nvidia-vgpud.service")).toBe(0);
    expect(of("nvidia-vgpu-mgr", "/")).toBe(0);
    expect(of("nvidia-vgpud", "/")).toBe(0);
    expect(of("nvidia-vgpu-mgr", "/user.slice/user-1000.slice/session-3.scope")).toBe(1);
  });
});

describe("the look at processes", () => {
  it("names a client as the kernel does", () => {
    const group = readFileSync("/proc/self/cgroup", "utf8");
    const [, path] = /^(?:0:|\d+:name=systemd):(.*)$/m.exec(group) ?? [];
    const { stdout } = runShell(`${look}clients="\n$$"; IFS='\n'; name_clients`);
    expect(stdout).toMatch(/^client-of\t\d+\t(sh|dash|bash) \t/);
    if (path !== undefined) expect(stdout).toContain(`\t${path} \n`);
  });

  it("names the first twenty only", () => {
    const { stdout } = runShell(`${look}clients=$(seq 1 30); IFS='\n'; name_clients`);
    expect(stdout.split("\n")).toHaveLength(21);
  });

  it("lets no number of open files of NVIDIA's push out what else is open", () => {
    const flood = "open\t/proc/9/fd/1\t/dev/nvidia0\n".repeat(30_000);
    const after = "open\t/proc/7/fd/3\t/dev/vfio/12\nend find 0\nend grep 0\n";
    const { stdout } = runShell(`${look}few_clients`, [], flood + after);
    expect(stdout.split("\n").filter((line) => line.includes("/dev/nvidia"))).toHaveLength(400);
    expect(stdout.endsWith(after)).toBe(true);
    const hidden = "node\t21b6\tc3:0\t/proc/9/fd/1\n".repeat(30_000);
    const named = runShell(`${look}majors="1fb\nc3\n"; few_clients`, [], hidden + after).stdout;
    expect(named.split("\n").filter((line) => line.startsWith("node"))).toHaveLength(400);
    expect(named.endsWith(after)).toBe(true);
  });
});
