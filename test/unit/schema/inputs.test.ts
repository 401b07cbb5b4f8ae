import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { checkInputs } from "../../../provider/schema/check-inputs.js";
import { gpuMdevSchema, guestDriverInstallSchema, vgpuHostSchema } from "../../../provider/schema/inputs.js";

const identity = { name: "gpu-01", owner: "shop/dev", connection: { host: "gpu-01.lab" } };
const sha256 = "ab".repeat(32);
const vgpu = {
  ...identity,
  host: "gpu-01",
  gpu: "0000:3b:00.0",
  type: "A40-8Q",
  uuid: `${"1".repeat(8)}-2222-4333-8444-${"5".repeat(12)}`,
};

/** What is wrong with a resource's own inputs, as property, what was seen and what was expected. */
function wrong(schema: z.ZodType, inputs: object): string[] {
  return checkInputs(schema, inputs, "gpu-01").failures.map(({ property, reason }) => {
    const lines = reason.split("\n");
    return `${property} | ${lines[1]} | ${lines[2]}`;
  });
}

describe("checkInputs", () => {
  it.each(["0000:3b:00.0\n", "\t0000:3b:00.0", "0000:3b:00.0\u2028"])(
    "refuses a GPU's address with more than one line in it, as a host's and as a vGPU's: %j",
    (gpu) => {
      const expected = /Expected: a text of one line, without control characters$/;
      expect(wrong(gpuMdevSchema, { ...vgpu, gpu }).join()).toMatch(expected);
      expect(
        checkInputs(vgpuHostSchema, { ...identity, gpus: { [gpu]: {} } }, "gpu-01").failures,
      ).toHaveLength(1);
      expect(checkInputs(gpuMdevSchema, { ...vgpu, gpu: " 0000:3B:00.0" }, "gpu-01").failures).toEqual([]);
    },
  );

  it("fills in what every host, vGPU and guest has", () => {
    expect(checkInputs(vgpuHostSchema, identity, "gpu-01").inputs).toEqual({
      ...identity,
      gpus: {},
      reboot: { allow: false, deadlineMinutes: 20 },
      managed: true,
    });
    expect(checkInputs(gpuMdevSchema, vgpu, "desk-1").inputs).toEqual({
      ...vgpu,
      defined: true,
      restoredAtBoot: true,
    });
    expect(
      checkInputs(guestDriverInstallSchema, { ...identity, license: { token: "t" } }, "desk-1").inputs,
    ).toEqual({
      ...identity,
      license: { token: "t", feature: "vgpu" },
      reboot: { allow: false, deadlineMinutes: 20 },
      managed: true,
      nouveau: "blocked",
      licenseState: "licensed",
    });
  });

  it("states of a host only what holds because of its driver and its GPUs", () => {
    const keysWith = (declared: object) =>
      Object.keys(checkInputs(vgpuHostSchema, { ...identity, ...declared }, "gpu-01").inputs ?? {}).slice(5);
    const [driver, gpus] = [{ release: "17.4" }, { "0000:3b:00.0": {} }];
    expect(keysWith({ driver, gpus })).toEqual([
      "reboot",
      "managed",
      "nouveau",
      "managerService",
      "restoredAtBoot",
    ]);
    expect(keysWith({ driver })).toEqual(["reboot", "managed", "nouveau", "managerService"]);
    expect(keysWith({ gpus })).toEqual(["managed", "restoredAtBoot"]);
    expect(keysWith({ nouveau: "blocked", restoredAtBoot: true })).toEqual(["managed"]);
  });

  it("gives back what it gave: checked inputs are valid inputs", () => {
    const once = checkInputs(vgpuHostSchema, { ...identity, gpus: { "3B:00.0": {} } }, "gpu-01").inputs;
    expect(once).toMatchObject({ gpus: { "0000:3b:00.0": { usage: "vgpu" } } });
    expect(checkInputs(vgpuHostSchema, once, "gpu-01").inputs).toEqual(once);
  });

  it("writes addresses and UUIDs in one form", () => {
    const inputs = { ...vgpu, gpu: "00000000:3B:00.0", uuid: vgpu.uuid.toUpperCase() };
    expect(checkInputs(gpuMdevSchema, inputs, "desk-1").inputs).toMatchObject({
      gpu: vgpu.gpu,
      uuid: vgpu.uuid,
    });
  });

  it("tells one failure in the four parts", () => {
    const { failures } = checkInputs(gpuMdevSchema, { ...vgpu, gpu: "3b:00" }, "desk-1");
    expect(failures).toEqual([
      {
        property: "gpu",
        reason: `VGPU_INPUT desk-1: gpu is not valid
Saw: "3b:00"
Expected: must be a PCI address such as "0000:3b:00.0"
Next: correct it in the program`,
      },
    ]);
  });

  it.each<[string, z.ZodType, object, string[]]>([
    [
      "a GPU under something that is no address",
      vgpuHostSchema,
      { ...identity, gpus: { zz: {} } },
      ['gpus.zz | Saw: "zz" | Expected: must be a PCI address such as "0000:3b:00.0"'],
    ],
    [
      "a usage that there is not",
      vgpuHostSchema,
      { ...identity, gpus: { "0000:3b:00.0": { usage: "passthrough" } } },
      ['gpus["0000:3b:00.0"].usage | Saw: "passthrough" | Expected: "vgpu"'],
    ],
    [
      "a hash that is none",
      vgpuHostSchema,
      { ...identity, driver: { release: "17.4", package: { path: "a.run", sha256: "AB" } } },
      ['driver.package.sha256 | Saw: "AB" | Expected: must be the 64 hexadecimal digits of a sha256'],
    ],
    [
      "a package in two places",
      vgpuHostSchema,
      { ...identity, driver: { release: "17.4", package: { path: "a.run", hostPath: "/a.run", sha256 } } },
      ["driver.package | Saw: an object | Expected: must have path or hostPath, one of the two"],
    ],
    [
      "a package in no place",
      guestDriverInstallSchema,
      { ...identity, driver: { release: "17.4", package: { sha256 } } },
      ["driver.package | Saw: an object | Expected: must have path or hostPath, one of the two"],
    ],
    [
      "a path on the host that is not absolute",
      vgpuHostSchema,
      { ...identity, driver: { release: "17.4", package: { hostPath: "a.run", sha256 } } },
      ['driver.package.hostPath | Saw: "a.run" | Expected: an absolute path'],
    ],
    [
      "reboots that are allowed by a text, and a deadline of nothing",
      vgpuHostSchema,
      { ...identity, reboot: { allow: "yes", deadlineMinutes: 0 } },
      [
        'reboot.allow | Saw: "yes" | Expected: true or false',
        "reboot.deadlineMinutes | Saw: 0 | Expected: a number of at least 1",
      ],
    ],
    [
      "properties that there are not",
      vgpuHostSchema,
      { ...identity, gpu: {}, reboot: { allowed: true } },
      [
        "reboot.allowed | Saw: a value | Expected: no property of that name; see the arguments in docs/reference",
        "gpu | Saw: a value | Expected: no property of that name; see the arguments in docs/reference",
      ],
    ],
    [
      "a port and a host key that cannot be",
      vgpuHostSchema,
      { ...identity, connection: { host: "h", port: 70_000, hostKey: "SHA256:abc" } },
      [
        "connection.port | Saw: 70000 | Expected: a number of at most 65535",
        'connection.hostKey | Saw: "SHA256:abc" | Expected: must be "<algorithm> <base64>", as in a .pub file',
      ],
    ],
    [
      "a UUID that is none, and no type",
      gpuMdevSchema,
      { ...vgpu, uuid: "desk-1", type: undefined },
      ["type | Saw: nothing | Expected: a text", 'uuid | Saw: "desk-1" | Expected: must be a UUID'],
    ],
    [
      "a feature that there is not",
      guestDriverInstallSchema,
      { ...identity, license: { token: "t", feature: "vpc" } },
      ['license.feature | Saw: "vpc" | Expected: "vgpu", "vws", "vcs" or "vapps"'],
    ],
  ])("refuses %s", (_title, schema, inputs, expected) => {
    expect(wrong(schema, inputs)).toEqual(expected);
  });

  it.each<[string, object]>([
    ["a password that is no text", { connection: { host: "h", password: ["hunter2"] } }],
    [
      "a key of a bastion that is no text",
      { connection: { host: "h", proxy: { host: "b", privateKey: ["hunter2"] } } },
    ],
    ["a password under a mistyped name", { connection: { host: "h", sudoPasswort: "hunter2" } }],
    ["a connection that is a text", { connection: "root:hunter2@gpu-01" }],
    ["a bastion that is a text", { connection: { host: "h", proxy: "root:hunter2@gpu-01" } }],
    ["a license that is its token", { license: "hunter2" }],
    ["a token that is no text", { license: { token: ["hunter2"] } }],
  ])("never shows a secret: %s", (_title, changes) => {
    const { failures } = checkInputs(guestDriverInstallSchema, { ...identity, ...changes }, "desk-1");
    expect(failures.length).toBeGreaterThan(0);
    expect(JSON.stringify(failures)).not.toContain("hunter2");
  });
});
