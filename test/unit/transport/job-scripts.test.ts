import { createHash } from "node:crypto";
import { mkdirSync, statSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ownFolder, transportScript } from "../../../provider/transport/command/remote-script.js";
import { lockScript } from "../../../provider/transport/lock/lock-scripts.js";
import { SmallMachine } from "../small-machine.js";

const job = "run/pulumi-vgpu/jobs/one";

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host");
});
afterEach(() => machine.remove());

describe("prepare-job", () => {
  const prepare = (token: string, first = "") =>
    machine.shell(
      `umask 000\n${first}${lockScript("prepare-job").text}`,
      [machine.at(job), token, "the command", "the runner"],
      "its input",
    );

  it("writes down all that the job is, for root alone, the token last", () => {
    expect(prepare("a")).toMatchObject({ code: 0, stdout: "ready\n" });
    expect(machine.list(job)).toEqual(["command", "lock", "runner", "stdin", "token"]);
    expect([machine.read(`${job}/command`), machine.read(`${job}/stdin`)]).toEqual([
      "the command\n",
      "its input",
    ]);
    for (const path of ["", "/command", "/stdin"])
      expect(statSync(machine.at(job + path)).mode & 0o077).toBe(0);
    machine.shell(`rm /${job}/token; rm /${job}/runner; mkdir /${job}/runner`);
    expect(prepare("a").code).toBe(1);
    expect(machine.has(`${job}/token`)).toBe(false);
  });

  it("leaves a job alone that runs, or that was written down by the same call", () => {
    prepare("a");
    machine.write(`${job}/command`, "as it was\n");
    expect(prepare("a").stdout).toBe("ready\n");
    expect(prepare("b", `exec 5>> /${job}/lock; flock -n 5\n`).stdout).toBe("running\n");
    expect(machine.read(`${job}/command`)).toBe("as it was\n");
  });

  it("writes another call's job down anew, without what the one before left", () => {
    prepare("a");
    machine.write(`${job}/code`, "0\n");
    machine.write(`${job}/output`, "of an earlier call\n");
    expect(prepare("b").stdout).toBe("ready\n");
    expect(machine.list(job)).toEqual(["command", "lock", "runner", "stdin", "token"]);
  });

  it("writes nothing where the folder of the locks is not root's, or the job's cannot be made", () => {
    machine.write(job.replace("/one", ""), "");
    expect(prepare("a")).toMatchObject({ code: 1, stdout: "" });
    machine.shell("rm -r /run/pulumi-vgpu; ln -s /tmp /run/pulumi-vgpu");
    expect(prepare("a")).toMatchObject({ code: 73, stderr: "/run/pulumi-vgpu is not a folder of root's\n" });
    machine.shell(`rm /run/pulumi-vgpu; mkdir -p /${job}/lock`);
    expect(prepare("a").code).not.toBe(0);
    expect(machine.has(`${job}/token`)).toBe(false);
  });
});

describe("run-job", () => {
  const run = (command: string) => {
    machine.write(`${job}/command`, command);
    machine.write(`${job}/stdin`, "its input");
    return machine.shell(transportScript("run-job").text, [machine.at(job)]);
  };

  it("runs the command with its input, and leaves its output and its code, and not the input", () => {
    expect(run("cat; echo err >&2; exit 7").code).toBe(0);
    expect(machine.read(`${job}/output`)).toBe("its inputerr\n");
    expect([machine.read(`${job}/code`), machine.list(job)]).toEqual(["7\n", ["code", "command", "output"]]);
  });

  it("outlives the end of the session that started it", () => {
    expect(run("kill -HUP $PPID; echo on").code).toBe(0);
    expect(machine.read(`${job}/code`)).toBe("0\n");
  });

  it("runs nothing where its folder is gone", () => {
    const other = machine.shell(`cd /run\necho 'touch ran' > command\n${transportScript("run-job").text}`, [
      "/no/such",
    ]);
    expect(other.code).toBe(1);
    expect(machine.has("run/ran")).toBe(false);
  });
});

describe("poll-job", () => {
  const poll = (first = "") =>
    machine.shell(`${first}${transportScript("poll-job").text}`, [machine.at(job), "0"]).stdout;

  it("tells each state of a job, with the end of its output", () => {
    expect(poll()).toBe("none\n");
    mkdirSync(machine.at(job), { recursive: true });
    expect(poll()).toBe("none\n");
    machine.write(`${job}/lock`, "");
    expect(poll()).toBe("ready\n");
    machine.write(`${job}/output`, `${"x".repeat(70_000)}\nend\n`);
    const held = `exec 5>> /${job}/lock; flock -n 5\n`;
    expect([poll(held).slice(0, 12), poll(held).length]).toEqual(["running\nxxxx", 8 + 4096]);
    expect([poll().slice(0, 8), poll().length]).toEqual(["died\nxxx", 5 + 65_536]);
    machine.write(`${job}/code`, "7\n");
    expect(poll().slice(0, 10)).toBe("done 7\nxxx");
    expect(poll().endsWith("x\nend\n")).toBe(true);
  });

  it("tells a job that has ended without output, too", () => {
    machine.write(`${job}/lock`, "");
    machine.write(`${job}/code`, "0\n");
    const polled = machine.shell(transportScript("poll-job").text, [machine.at(job), "0"]);
    expect([polled.code, polled.stdout]).toEqual([0, "done 0\n"]);
  });

  it("waits for the job's end as long as it is told", () => {
    machine.write(`${job}/lock`, "");
    machine.program("flock", 'echo "$*" > asked');
    poll();
    expect(machine.read("asked")).toBe("-s -w 0 7\n");
  });
});

describe("receive-file", () => {
  const sumOf = (text: string) => createHash("sha256").update(text).digest("hex");
  const file = "var/lib/pulumi-vgpu/packages/a.run";
  const receive = (content: string, sum = sumOf("content")) =>
    machine.shell(ownFolder() + transportScript("receive-file").text, [machine.at(file), sum], content);

  it("asks for a file, for root alone, and gives it its name when it came whole", () => {
    expect(receive("content")).toMatchObject({ code: 0, stdout: `want\n${sumOf("content")}\n` });
    expect([machine.list(`${file}/..`), machine.read(file)]).toEqual([["a.run"], "content"]);
    expect(statSync(machine.at(file)).mode & 0o777).toBe(0o600);
    expect(receive("content")).toMatchObject({ code: 0, stdout: "have\n" });
  });

  it("keeps nothing of a file that came as another, and what was there stays", () => {
    machine.write(file, "older");
    expect(receive("conten")).toMatchObject({ code: 3, stdout: `want\n${sumOf("conten")}\n` });
    expect([machine.list(`${file}/..`), machine.read(file)]).toEqual([["a.run"], "older"]);
  });

  it("asks again for a file that is behind a link", () => {
    machine.write("elsewhere", "content");
    mkdirSync(machine.at(`${file}/..`), { recursive: true });
    symlinkSync(machine.at("elsewhere"), machine.at(file));
    expect(receive("content").stdout).toMatch(/^want\n/);
    expect(statSync(machine.at(file)).isFile()).toBe(true);
  });

  it("asks for nothing where it could not take it", () => {
    mkdirSync(machine.at(`${file}.part`), { recursive: true });
    expect(receive("content")).toMatchObject({ code: 1, stdout: "" });
    machine.shell("rm -r /var/lib/pulumi-vgpu; : > /var/lib/pulumi-vgpu");
    expect(receive("content")).toMatchObject({ code: 1, stdout: "" });
  });

  it("fails where the disk takes no more, and gives no name to what cannot be closed to others", () => {
    machine.program("cat", "printf content; exit 1");
    expect(receive("content")).toMatchObject({ code: 1, stdout: "want\n" });
    machine.shell(`rm ${machine.at("bin/cat")} /${file}.part`);
    machine.program("chmod", 'case $1 in 600) exit 1 ;; esac; exec /bin/chmod "$@"');
    expect(receive("content").code).not.toBe(0);
    expect(machine.has(file)).toBe(false);
  });
});
