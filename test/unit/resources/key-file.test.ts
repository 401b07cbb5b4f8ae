import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { guestDriverInstall, vgpuHost } from "../../../provider/index.js";
import { unknownValue } from "../../../provider/model/unknown-value.js";
import { keyFileRefusal } from "../../../provider/transport/login/key-files.js";

const folder = mkdtempSync(join(tmpdir(), "pulumi-vgpu-keys-"));
const key = join(folder, "key");
writeFileSync(key, "a key");
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

describe("a key file that is not there", () => {
  const nowhere = join(folder, "nowhere");
  const connection = { host: "192.0.2.1", privateKeyPath: nowhere, agentSocketPath: join(folder, "agent") };
  const identity = { name: "gpu-01", owner: "shop/dev" };
  const reason = `VGPU_INPUT gpu-01: the file of connection.privateKeyPath cannot be read
Saw: ${nowhere}: ENOENT (on the machine that runs Pulumi)
Expected: a private key in a file that the user who runs Pulumi may read
Next: put the key there, correct connection.privateKeyPath, or leave it out where an agent or ~/.ssh/config has the key
Property: connection.privateKeyPath`;

  it.each([
    ["host", vgpuHost, {}],
    ["host of which something is not known yet", vgpuHost, { driver: { release: unknownValue } }],
    ["guest that may be off at first", guestDriverInstall, { device: unknownValue }],
  ])("is refused before any machine is asked: a %s", async (_title, lifecycle, more) => {
    const { failures } = await lifecycle.check({}, { ...identity, connection, ...more });
    expect(failures).toEqual([{ property: "", reason }]);
  });

  it("is no matter where no machine may be asked", async () => {
    vi.stubEnv("VGPU_OFFLINE", "1");
    expect((await vgpuHost.check({}, { ...identity, connection })).failures).toEqual([]);
  });

  it("is seen of a bastion too, and a folder is no file", () => {
    const proxy = { host: "bastion", privateKeyPath: folder };
    expect(keyFileRefusal("gpu-01", { host: "h", privateKeyPath: key, proxy })).toMatchObject({
      saw: `${folder}: not a file (on the machine that runs Pulumi)`,
      property: "connection.proxy.privateKeyPath",
    });
  });

  it("is not said of one that is there, or not known yet", () => {
    expect(keyFileRefusal("gpu-01", { host: "h", privateKeyPath: key })).toBeNull();
    expect(keyFileRefusal("gpu-01", { host: "h", privateKeyPath: unknownValue })).toBeNull();
    expect(keyFileRefusal("gpu-01", unknownValue)).toBeNull();
  });

  it("is not said of one that only has its public half there, for a key that an agent has", () => {
    const path = join(folder, "agents");
    expect(keyFileRefusal("gpu-01", { host: "h", privateKeyPath: path })).toMatchObject({
      code: "VGPU_INPUT",
    });
    writeFileSync(`${path}.pub`, "ssh-ed25519 AAAA");
    expect(keyFileRefusal("gpu-01", { host: "h", privateKeyPath: path })).toBeNull();
  });

  it("is looked for in the home folder where its path begins with ~", () => {
    vi.stubEnv("HOME", folder);
    expect(keyFileRefusal("gpu-01", { host: "h", privateKeyPath: "~/key" })).toBeNull();
  });
});
