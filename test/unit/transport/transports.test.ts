import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../../../provider/model/connection.js";
import { withLock } from "../../../provider/transport/lock.js";
import { closeAllSessions, type SessionOptions, sessionFor } from "../../../provider/transport/session.js";
import { OpenSshServer, sshdForTests } from "../../openssh-server.js";
import { makeKeyPair } from "../../ssh-keys.js";
import { until } from "./ssh-fixture.js";

const sshd = sshdForTests();
const script = (text: string, name = "try-thing") => ({ name, text });
const homeBefore = process.env.HOME;

describe.skipIf(sshd === undefined).each(["builtin", "openssh"] as const)("a session by %s", (transport) => {
  let home: string;
  let server: OpenSshServer;

  const connection = (more: Partial<Connection> = {}): Connection => {
    const { privateKey: _, ...rest } = server.connection();
    return { ...rest, transport, privateKeyPath: join(home, ".ssh/mine"), ...more };
  };
  const session = (more: Partial<Connection> = {}, options: SessionOptions = {}) =>
    sessionFor(connection(more), options);
  const run = (text: string, more: Partial<Connection> = {}, options: SessionOptions = {}) =>
    session(more, options).exec({ script: script(text) });
  const failure = (more: Partial<Connection>, options: SessionOptions = {}): Promise<string> =>
    run("echo hello", more, options).then(
      () => "it did not fail",
      (error: Error) => error.message,
    );
  /** What the transport has laid down here. */
  const own = () => readdirSync(home).filter((name) => name !== ".ssh" && name !== "local");

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), "vgpu-home-"));
    mkdirSync(join(home, ".ssh"));
    process.env.HOME = home;
    server = new OpenSshServer(sshd as NonNullable<typeof sshd>);
    process.env.TMPDIR = home;
    writeFileSync(join(home, ".ssh/mine"), server.userKey.private, { mode: 0o600 });
    await server.start();
  });
  afterEach(async () => {
    await closeAllSessions();
    delete process.env.TMPDIR;
    await until(() => own().length === 0);
    await server.stop();
    rmSync(home, { recursive: true });
    process.env.HOME = homeBefore;
  });

  it("passes arguments, input, outputs and exit code, over one connection", async () => {
    const values = ["it's", "$(id)", "new\nline", "", "ü", "-n", "\\"];
    const text = `printf '%s|' "$@"; cat; echo err >&2; exit 3`;
    const result = await session().exec({ script: script(text), args: values, stdin: "in" });
    expect(result).toEqual({ code: 3, stdout: `${values.join("|")}|in`, stderr: "err\n" });
    expect(session().hostKey()).toBe(server.hostKey);
    expect(session().counters()).toEqual({ connections: 1, roundTrips: 1, maxChannels: 1 });
    expect(server.logins()).toBe(1);
    expect(session().transport().name).toBe(transport);
  });

  it.each([255, 254, 1, 0])("returns exit code %d as the command's own", async (code) => {
    expect(await run(`exit ${code}`)).toEqual({ code, stdout: "", stderr: "" });
  });

  it("runs 30 commands at once over one connection, each one round trip", async () => {
    const one = (index: number) => session().exec({ script: script('echo "$1"'), args: [String(index)] });
    const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => one(index)));
    expect(answers.map(({ stdout }) => Number(stdout))).toEqual(answers.map((_, index) => index));
    expect(session().counters()).toMatchObject({ connections: 1, roundTrips: 30 });
    expect(server.logins()).toBe(1);
  });

  it.each([1, 2])("keeps to MaxSessions %d", async (most) => {
    await server.end();
    await server.start([`MaxSessions ${most}`]);
    const answers = await Promise.all(Array.from({ length: 5 }, () => run("echo done")));
    expect(answers.every(({ stdout }) => stdout === "done\n")).toBe(true);
    // A session that has just ended may count for a moment longer: then it looks like a server that opens one only.
    expect(session().counters().connections).toBeLessThanOrEqual(2);
  });

  it("takes in 8 MiB, and refuses what has no end", async () => {
    const { stdout } = await run("head -c 8388608 /dev/zero | tr '\\0' x");
    expect(stdout.length).toBe(8_388_608);
    await expect(run("yes")).rejects.toMatchObject({ code: "VGPU_PROTOCOL" });
    expect((await run("echo hello")).stdout).toBe("hello\n");
  });

  it("gives a command up at its deadline, and goes on", async () => {
    const request = { script: script("echo waiting >&2; sleep 60", "wait-thing"), deadlineMs: 1500 };
    await expect(session().exec(request)).rejects.toMatchObject({
      code: "VGPU_TIMEOUT",
      parts: { saw: "waiting", now: "wait-thing may still be running on the machine" },
    });
    expect((await run("echo hello")).stdout).toBe("hello\n");
    expect(session().counters().connections).toBe(1);
  });

  it("tells that a command may have run when the connection goes, and dials anew for the next", async () => {
    const text = `echo begun; touch "$1"; sleep 60`;
    const lost = session()
      .exec({ script: script(text, "change-thing"), args: [server.path("begun")] })
      .catch((error: Error) => error.message);
    await until(() => existsSync(server.path("begun")));
    server.cutConnections();
    expect(await lost).toMatch(
      /^VGPU_UNREACHABLE .*: the connection was lost during change-thing\n[\s\S]*\nNow: change-thing may or may not have run$/,
    );
    expect((await run("echo hello")).stdout).toBe("hello\n");
    expect(session().counters().connections).toBe(2);
  });

  it.runIf(transport === "openssh")(
    "is given up where the machine falls silent in the middle of a command",
    { timeout: 90_000 },
    async () => {
      const text = `echo begun; touch "$1"; sleep 300`;
      const lost = session()
        .exec({ script: script(text, "change-thing"), args: [server.path("begun")], deadlineMs: 300_000 })
        .catch((error: Error) => error.message);
      await until(() => existsSync(server.path("begun")));
      server.freezeConnections();
      expect(await lost).toMatch(
        /^VGPU_UNREACHABLE .*: the connection was lost during change-thing\n[\s\S]*\nNow: change-thing may or may not have run$/,
      );
    },
  );

  it("uploads a file, whole", async () => {
    const content = randomBytes(3_000_000);
    writeFileSync(join(home, "local"), content);
    const sha256 = createHash("sha256").update(content).digest("hex");
    const request = { path: join(home, "local"), remotePath: server.path("far/away/file"), sha256 };
    if (!server.isRoom) return;
    await withLock(session(), "stack dev", () => session().upload(request));
    expect(readFileSync(request.remotePath).equals(content)).toBe(true);
  });

  it("is refused before any login where the machine shows another host key, a revoked or an unknown one", async () => {
    const other = makeKeyPair().public;
    expect(await failure({ hostKey: other })).toMatch(
      /^VGPU_HOST_KEY .*: the machine shows another host key than the trusted one\nSaw: ssh-ed25519 SHA256:\S+ \(SSH handshake\)\n/,
    );
    await closeAllSessions();
    const name = `[127.0.0.1]:${server.port}`;
    writeFileSync(
      join(home, ".ssh/known_hosts"),
      `@revoked * ${server.hostKey}\n${name} ${server.hostKey}\n`,
    );
    expect(await failure({ hostKey: server.hostKey })).toContain("shows a host key that is revoked");
    await closeAllSessions();
    writeFileSync(join(home, ".ssh/known_hosts"), "");
    const { hostKey: _, ...unpinned } = connection();
    const unknown = await sessionFor(unpinned)
      .exec({ script: script("true") })
      .catch((error: Error) => error.message);
    expect(unknown).toContain(`or add to known_hosts the line: ${name} ${server.hostKey}`);
    expect(server.logins()).toBe(0);
  });

  it("takes the host key from known_hosts, or accepts it once", async () => {
    const { hostKey: _, ...unpinned } = connection();
    writeFileSync(join(home, ".ssh/known_hosts"), `[127.0.0.1]:${server.port} ${server.hostKey}\n`);
    const exec = { script: script("echo hello") };
    expect((await sessionFor(unpinned).exec(exec)).stdout).toBe("hello\n");
    await closeAllSessions();
    writeFileSync(join(home, ".ssh/known_hosts"), "");
    const accepting = sessionFor({ ...unpinned, acceptNew: true }, { acceptNewHostKey: true });
    expect((await accepting.exec(exec)).stdout).toBe("hello\n");
    expect(accepting.hostKeyToStore()).toBe(`${server.hostKey} 127.0.0.1:${server.port}`);
  });

  it("that is refused the login names what was tried and what the machine takes", async () => {
    writeFileSync(join(home, ".ssh/mine"), makeKeyPair().private, { mode: 0o600 });
    expect(await failure({})).toMatch(
      /^VGPU_LOGIN .*: cannot log in as .*\nSaw: refused: [^;]*mine[^;]*; the machine takes publickey/,
    );
  });

  it("that finds nobody says why, after several dials", async () => {
    expect(await failure({ port: 1 }, { deadlineMs: 1500 })).toMatch(
      /^VGPU_UNREACHABLE .*\nSaw: .*[Cc]onn.*refused.*\n|ECONNREFUSED/,
    );
    expect(await failure({ host: "no-such-machine.invalid" })).toMatch(
      /VGPU_UNREACHABLE .*\nSaw: .*one dial of/,
    );
  });

  it("goes through a bastion, over one connection to it", async () => {
    delete process.env.TMPDIR;
    const inner = new OpenSshServer(sshd as NonNullable<typeof sshd>);
    process.env.TMPDIR = home;
    await inner.start();
    writeFileSync(join(home, ".ssh/inner"), inner.userKey.private, { mode: 0o600 });
    const { transport: _, ...proxy } = connection();
    const through = (host: string) =>
      session({
        host,
        port: inner.port,
        hostKey: inner.hostKey,
        privateKeyPath: join(home, ".ssh/inner"),
        proxy,
      }).exec({
        script: script("echo inside"),
      });
    const answers = await Promise.all([through("127.0.0.1"), through("localhost")]);
    expect(answers.map(({ stdout }) => stdout)).toEqual(["inside\n", "inside\n"]);
    expect([server.logins(), inner.logins()]).toEqual([1, 2]);
    await closeAllSessions();
    await inner.stop();
  });

  it("lets the process end by itself between commands, and leaves nothing of itself", async () => {
    const program = `const { sessionFor } = require("./provider/transport/session.ts");
sessionFor(${JSON.stringify(connection())}).exec({ script: { name: "try-thing", text: "echo answered" } })
  .then(({ stdout }) => process.stdout.write(stdout));`;
    const child = spawn(process.execPath, ["--require", "./tools/run-typescript.cjs", "-e", program], {
      cwd: resolve(__dirname, "../../.."),
      timeout: 15_000,
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk;
    });
    const code = await new Promise((told) => child.once("close", told));
    expect({ code, output }).toEqual({ code: 0, output: "answered\n" });
    await until(() => masters(server.port) === 0);
  });

  it("leaves no connection behind when its process is killed", async () => {
    const program = `const { sessionFor } = require("./provider/transport/session.ts");
const session = sessionFor(${JSON.stringify(connection())});
session.exec({ script: { name: "try-thing", text: "true" } }).then(() => { console.log("there"); setInterval(() => {}, 1000); });`;
    const child = spawn(process.execPath, ["--require", "./tools/run-typescript.cjs", "-e", program], {
      cwd: resolve(__dirname, "../../.."),
    });
    await new Promise((told) => child.stdout.once("data", told));
    expect(masters(server.port)).toBe(transport === "openssh" ? 1 : 0);
    child.kill("SIGKILL");
    await until(() => masters(server.port) === 0);
    // Nobody is left who could take away the private folder; it holds no secret.
    for (const name of own()) rmSync(join(home, name), { recursive: true });
  });
});

/** How many ssh programs have this port among their words. */
function masters(port: number): number {
  const listed = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
  return listed.split("\n").filter((line) => /^ssh /.test(line) && line.includes(`-p ${port} `)).length;
}
