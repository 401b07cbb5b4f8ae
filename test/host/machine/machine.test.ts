import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SimulatedMachine } from "./simulated-machine.js";
import { type Simulator, startSimulator } from "./simulator.js";
import { rootless, tinyExport, tinySpec, until } from "./test-support.js";

let simulator: Simulator;
let machine: SimulatedMachine;

beforeAll(async () => {
  simulator = await startSimulator();
  machine = await simulator.startMachine(
    tinySpec("one", {
      kernelCommandLine: "quiet intel_iommu=on",
      osRelease: { ID: "ubuntu", PRETTY_NAME: "Ubuntu 22.04 LTS" },
      files: { "/etc/example.conf": "text\n" },
    }),
  );
});
afterAll(() => simulator?.stop());

const out = async (line: string): Promise<string> => (await machine.shell(line)).stdout;

describe("/sys", () => {
  test("serves values live and follows links", async () => {
    expect(await out("cat /sys/tiny/value /sys/tiny/link; ls /sys/tiny")).toBe(
      "first\nfirst\ncreate\nlink\nslow\nvalue\n",
    );
    await machine.model("forceValue", "second");
    expect(await out("cat /sys/tiny/value")).toBe("second\n");
  });

  test("passes writes on and fails them with the model's errno", async () => {
    expect(await out("echo third > /sys/tiny/value && cat /sys/tiny/value")).toBe("third\n");
    expect((await machine.shell("echo full | tee /sys/tiny/value")).stderr).toContain(
      "No space left on device",
    );
    expect((await machine.shell("echo bad | tee /sys/tiny/value")).stderr).toContain("Invalid argument");
  });

  test("refuses to read what is write-only, to make files, and to be written by others than root", async () => {
    expect((await machine.shell("cat /sys/tiny/create")).stderr).toContain("Permission denied");
    expect((await machine.shell("echo x > /sys/tiny/new")).code).not.toBe(0);
    if (rootless) return;
    const admin = await machine.run(["/bin/sh", "-c", "echo x > /sys/tiny/value"], { user: "admin" });
    expect(admin.stderr).toContain("Permission denied");
  });

  test("blocks a writer beyond SIGKILL until the model answers", async () => {
    const blocked = machine.shell("echo 1 > /sys/tiny/slow & echo $! > /run/writer; wait $!; echo ended");
    await until("the writer waits", async () => (await machine.model("waiting")) === 1);
    const state = 'cut -d" " -f3 < /proc/$(cat /run/writer)/stat';
    await machine.shell("kill -9 $(cat /run/writer)");
    await until("it cannot be killed", async () => (await out(state)) === "D\n");
    await machine.model("unblock");
    expect((await blocked).stdout).toBe("ended\n");
  });
});

describe("the machine's tree", () => {
  test("is its own but for /usr", async () => {
    expect(await out("cat /etc/example.conf /etc/hostname; . /etc/os-release; echo $ID; hostname")).toBe(
      "text\none\nubuntu\none\n",
    );
    await machine.shell(
      "echo x > /usr/local/only-here; mkdir /usr/lib/nvidia; touch /usr/bin/only-here /usr/lib/nvidia/z",
    );
    expect(await machine.exists("/usr/bin/only-here")).toBe(true);
    const { existsSync } = await import("node:fs");
    expect(existsSync("/usr/bin/only-here") || existsSync("/usr/local/only-here")).toBe(false);
  });

  test("shows its own boot id, command line and processes", async () => {
    expect(await out("cat /proc/sys/kernel/random/boot_id")).toBe(`${await machine.bootId()}\n`);
    expect(await out("cat /proc/cmdline")).toBe("quiet intel_iommu=on\n");
    expect(Number(await out("ls -d /proc/[0-9]* | wc -l"))).toBeLessThan(8);
  });

  test("has folders in which every user may write", async () => {
    expect(await out("stat -c %a /run/lock /tmp /var/tmp /dev/shm")).toBe("1777\n".repeat(4));
    if (rootless) return;
    const line =
      "mkfifo /run/lock/pulumi-vgpu.lock && stat -c %U /run/lock/pulumi-vgpu.lock; rm /run/lock/*.lock";
    expect((await machine.run(["/bin/sh", "-c", line], { user: "admin" })).stdout).toBe("admin\n");
  });

  test("has kernel headers that can be taken away", async () => {
    expect((await machine.shell("test -d /lib/modules/$(uname -r)/build/")).code).toBe(0);
    const bare = await simulator.startMachine(
      tinySpec("bare", { kernelHeaders: false, absent: ["/usr/bin/perl"] }),
    );
    expect((await bare.shell("test -e /lib/modules/$(uname -r)/build")).code).toBe(1);
    expect((await bare.shell("test -e /usr/bin/perl")).code).toBe(1);
    await bare.stop();
  });

  test("has the usual devices", async () => {
    expect(await out("echo x > /dev/null; head -c 4 /dev/zero | wc -c; echo piped | cat /dev/stdin")).toBe(
      "4\npiped\n",
    );
  });
});

describe("stand-ins", () => {
  test("get arguments unchanged, the directory and standard input, and give both outputs and the code", async () => {
    const words = ["a b", "", "it's", "line\nline", `long${"x".repeat(20_000)}`, "-"];
    const { code, stdout } = await machine.run(["tiny-tool", ...words], { stdin: "input" });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ argv: words, cwd: "/root", root: true, stdin: "input" });
    expect(await machine.run(["tiny-tool", "fail"])).toMatchObject({ code: 7, stderr: "as asked\n" });
  });

  test("leave standard input alone when no argument names it", async () => {
    expect(await out("printf 'one\\ntwo\\n' | { tiny-tool > /dev/null; cat; }")).toBe("one\ntwo\n");
  });

  test("die by a signal while their handler is busy", async () => {
    expect((await machine.shell("timeout 0.3 slow-tool")).code).toBe(124);
    await machine.model("unblock");
  });

  test("run at the same time without mixing", async () => {
    const line = "for i in 1 2 3 4 5 6 7 8 9; do tiny-tool $i > /run/out.$i & done; wait; cat /run/out.*";
    expect((await out(line)).match(/"argv":\["\d"\]/g)).toHaveLength(9);
  });
});

describe("processes that hold a file", () => {
  test("are seen in /proc by name, arguments and descriptor", async () => {
    const held = await machine.holdOpen("/dev/vfio/12", "qemu-system-x86_64", ["-name", "guest=desk-1"]);
    expect(await out(`tr '\\0' '|' < /proc/${held.pid}/cmdline`)).toMatch(
      /^qemu-system-x86_64\|-name\|guest=desk-1\|/,
    );
    expect(await out(`cat /proc/${held.pid}/comm`)).toBe("qemu-system-x86\n");
    expect(await out(`ls -l /proc/${held.pid}/fd`)).toContain("-> /dev/vfio/12\n");
    await held.release();
    expect((await machine.shell(`test -e /proc/${held.pid}`)).code).toBe(1);
  });
});

describe("the model", () => {
  test("is called by name, one or several at once", async () => {
    const two = await simulator.startMachine(tinySpec("two"));
    expect(await two.model("forceValue", "forced")).toBe("forced");
    expect(await simulator.invoke(tinyExport("nameAndValue"), [two], "!")).toEqual(["two=forced!"]);
    await expect(two.model("noSuchMethod")).rejects.toThrow("TinyModel has no noSuchMethod");
    await two.stop();
  });
});

describe("digest", () => {
  test("changes with persistent files and the model, not with volatile or log files", async () => {
    const quiet = await simulator.startMachine(tinySpec("quiet"));
    const before = await quiet.digest();
    await quiet.shell("touch /run/x /tmp/x /var/log/x; cat /sys/tiny/value; systemctl status x; lsmod");
    expect(await quiet.digest()).toBe(before);
    await quiet.model("forceValue", "other");
    expect(await quiet.digest()).not.toBe(before);
    await quiet.model("forceValue", "first");
    await quiet.shell("echo x > /etc/modprobe.d/x.conf");
    expect(await quiet.digest()).not.toBe(before);
    await quiet.shell("rm /etc/modprobe.d/x.conf; rm /usr/bin/tiny-tool");
    expect(await quiet.digest()).not.toBe(before);
    await quiet.stop();
  });
});
