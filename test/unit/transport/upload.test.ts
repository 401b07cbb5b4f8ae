import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { UploadRequest } from "../../../provider/transport/lock/upload.js";
import { withLock } from "../../../provider/transport/lock.js";
import { closeAllSessions, type Session, sessionFor } from "../../../provider/transport/session.js";
import { SshFixture } from "./ssh-fixture.js";

describe("Session.upload", () => {
  let machine: SshFixture;
  let folder: string;
  let session: Session;
  let remotePath: string;
  const content = Buffer.alloc(3_000_001, "0123456789abcdef\n");
  const sha256 = createHash("sha256").update(content).digest("hex");
  beforeEach(async () => {
    machine = new SshFixture();
    await machine.start();
    folder = mkdtempSync(join(tmpdir(), "vgpu-upload-"));
    writeFileSync(join(folder, "driver.run"), content);
    session = sessionFor(machine.connection());
    remotePath = `${machine.root}/var/cache/it's new/driver.run`;
  });
  afterEach(async () => {
    await closeAllSessions();
    await machine.stop();
    rmSync(folder, { recursive: true });
  });
  const upload = (what: UploadRequest) => withLock(session, "stack dev", () => session.upload(what));
  const request = (more: object = {}) => ({ path: join(folder, "driver.run"), remotePath, sha256, ...more });

  it("puts the file there for root only, with progress up to the whole", async () => {
    const progress: number[] = [];
    await upload(request({ onProgress: (done: number, total: number) => progress.push(done / total) }));
    expect(readFileSync(remotePath).equals(content)).toBe(true);
    expect(statSync(remotePath).mode & 0o777).toBe(0o600);
    expect(statSync(join(remotePath, "..")).mode & 0o777).toBe(0o700);
    expect(progress.length).toBeGreaterThan(3);
    expect(progress.at(-1)).toBe(1);
    expect(session.counters().roundTrips).toBe(2);
  });

  it("sends nothing when the file is there with that hash", async () => {
    await upload(request());
    const progress: number[] = [];
    await upload(
      request({ path: join(folder, "driver.run"), onProgress: (done: number) => progress.push(done) }),
    );
    expect(progress).toEqual([]);
    expect(session.counters().roundTrips).toBe(4);
  });

  it("replaces a file that has another hash", async () => {
    await upload(request());
    writeFileSync(remotePath, "something else");
    await upload(request());
    expect(readFileSync(remotePath).equals(content)).toBe(true);
  });

  it("refuses a file whose hash is not the declared one, and leaves nothing", async () => {
    const declared = "0".repeat(64);
    await expect(upload(request({ sha256: declared }))).rejects.toMatchObject({
      code: "VGPU_PACKAGE_MISMATCH",
      message: [
        `VGPU_PACKAGE_MISMATCH root@127.0.0.1:${machine.port}: ${folder}/driver.run is not the declared file`,
        `Saw: sha256 ${sha256} (sha256sum on the machine)`,
        `Expected: sha256 ${declared}`,
        "Next: download the file anew, or correct its sha256",
      ].join("\n"),
    });
    expect(() => statSync(remotePath)).toThrow();
    expect(() => statSync(`${remotePath}.part`)).toThrow();
  });

  it("refuses a local file that is not there before it dials", async () => {
    await expect(session.upload(request({ path: "/nowhere/driver.run" }))).rejects.toMatchObject({
      code: "VGPU_INPUT",
      message: [
        `VGPU_INPUT root@127.0.0.1:${machine.port}: cannot upload /nowhere/driver.run`,
        "Saw: the file cannot be read: ENOENT (open)",
        "Expected: a file that this user may read",
        "Next: correct the path, relative to the folder in which Pulumi runs",
      ].join("\n"),
    });
    expect(machine.connections).toBe(0);
  });

  it("tells what the machine said when it cannot write", async () => {
    const path = "/dev/null/driver.run";
    await expect(upload(request({ remotePath: path }))).rejects.toMatchObject({
      code: "VGPU_STEP_FAILED",
      message: expect.stringMatching(
        /cannot write \/dev\/null\/driver.run\nSaw: exit code 1: mkdir: .*\(receive-file\)\n.*\n.*\nNow: /,
      ),
    });
  });
});
