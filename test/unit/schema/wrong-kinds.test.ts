import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { checkInputs } from "../../../provider/schema/check-inputs.js";
import {
  gpuMdevSchema,
  guestDriverInstallSchema,
  parentMdevSchema,
  vgpuHostSchema,
} from "../../../provider/schema/inputs.js";

const identity = { name: "gpu-01", owner: "shop/dev", connection: { host: "gpu-01.lab" } };
const uuid = `${"1".repeat(8)}-2222-4333-8444-${"5".repeat(12)}`;
const vgpu = { ...identity, host: "gpu-01", gpu: "0000:3b:00.0", type: "A40-8Q", uuid };
const parent = { ...identity, host: "gpu-01", parent: "mtty", mdevType: "mtty-2", uuid };
const sha256 = "ab".repeat(32);
const driver = (file: object) => ({ release: "17.4", package: { sha256, ...file } });

function textsOf(schema: z.ZodType, inputs: object): string[] {
  return checkInputs(schema, inputs, "gpu-01").failures.map(({ reason }) => reason);
}

/** `inputs` with `value` at a path such as `connection.host`. */
function withValue(inputs: object, path: string, value: unknown): object {
  const [key = "", ...rest] = path.split(".");
  const inner = Reflect.get(inputs, key) ?? {};
  return { ...inputs, [key]: rest.length === 0 ? value : withValue(inner, rest.join("."), value) };
}

describe("a value of a wrong kind", () => {
  it.each<[string, z.ZodType, object, string, string]>([
    ["a type that is a number", gpuMdevSchema, { ...vgpu, type: 12 }, "12", "a text"],
    ["a GPU that is null", gpuMdevSchema, { ...vgpu, gpu: null }, "null", "a text"],
    ["GPUs in a list", vgpuHostSchema, { ...identity, gpus: ["0000:3b:00.0"] }, "a list", "an object"],
    ["a driver that is a text", vgpuHostSchema, { ...identity, driver: "17.4" }, '"17.4"', "an object"],
    ["a connection that is a text", vgpuHostSchema, { ...identity, connection: "h" }, "a text", "an object"],
    ["no connection", vgpuHostSchema, { ...identity, connection: undefined }, "nothing", "an object"],
    ["an empty name", vgpuHostSchema, { ...identity, name: "" }, '""', "a text that is not empty"],
    [
      "a port with a fraction",
      vgpuHostSchema,
      { ...identity, connection: { host: "h", port: 2.5 } },
      "2.5",
      "a whole number",
    ],
    [
      "a name beyond all bounds",
      vgpuHostSchema,
      { ...identity, name: "x".repeat(256) },
      `"${"x".repeat(99)}… (256 characters)`,
      "a text of at most 255 characters",
    ],
  ])("is told once and in plain words: %s", (_title, schema, inputs, saw, expected) => {
    const texts = textsOf(schema, inputs);
    expect(texts).toHaveLength(1);
    expect(texts[0]?.split("\n").slice(1, 3)).toEqual([`Saw: ${saw}`, `Expected: ${expected}`]);
  });

  it("is told of the first ten where there are more", () => {
    const more = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, 1]));
    expect(textsOf(vgpuHostSchema, { ...identity, ...more })).toHaveLength(10);
  });
});

describe("a value that would be more than one line, or shown as another", () => {
  const signs = [
    "\n",
    "\r",
    "\t",
    "\0",
    "\u001b",
    "\u007f",
    "\u0085",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u2066",
  ];
  const fields: readonly (readonly [string, z.ZodType, object])[] = [
    ["name", vgpuHostSchema, identity],
    ["owner", vgpuHostSchema, identity],
    ["connection.host", vgpuHostSchema, identity],
    ["connection.user", vgpuHostSchema, identity],
    ["connection.privateKeyPath", vgpuHostSchema, identity],
    ["connection.privateKeyEnv", vgpuHostSchema, identity],
    ["connection.agentSocketPath", vgpuHostSchema, identity],
    ["connection.hostKey", vgpuHostSchema, identity],
    ["connection.proxy.host", vgpuHostSchema, identity],
    ["driver.release", vgpuHostSchema, { ...identity, driver: driver({ path: "a.run" }) }],
    ["driver.package.path", vgpuHostSchema, { ...identity, driver: driver({ path: "a.run" }) }],
    ["driver.package.hostPath", vgpuHostSchema, { ...identity, driver: driver({ hostPath: "/a.run" }) }],
    ["host", gpuMdevSchema, vgpu],
    ["gpu", gpuMdevSchema, vgpu],
    ["type", gpuMdevSchema, vgpu],
    ["uuid", gpuMdevSchema, vgpu],
    ["parent", parentMdevSchema, parent],
    ["mdevType", parentMdevSchema, parent],
    ["device", guestDriverInstallSchema, identity],
  ];
  const cases = fields.flatMap(([path, schema, inputs]) =>
    signs.map((sign) => [path, JSON.stringify(sign).slice(1, -1), schema, inputs, sign] as const),
  );

  it.each(cases)("is refused: %s with %s", (path, _sign, schema, inputs, sign) => {
    const before = textsOf(schema, withValue(inputs, path, "ssh-ed25519"));
    const texts = textsOf(schema, withValue(inputs, path, `/ssh-ed25519 AAAA${sign}retire`));
    expect(texts.length).toBeGreaterThan(0);
    expect(texts).not.toEqual(before);
    for (const text of texts) {
      expect(text.split("\n")).toHaveLength(4);
      expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }
  });

  const blankEnds = "a text without blanks at its ends, and of blanks only spaces";
  it.each<[string, string, string, string]>([
    ["name", "desk\u00a01", '"desk\\u00a01"', blankEnds],
    ["name", "desk ", '"desk "', blankEnds],
    ["name", "desk\u3164", '"desk\\u3164"', "a text of one line, without control characters"],
    ["owner", " site/prod", '" site/prod"', blankEnds],
    ["connection.host", " h", '" h"', "a name or an address, without blanks"],
    ["connection.user", "root ", '"root "', blankEnds],
    ["connection.proxy.host", "h\u00a0", '"h\\u00a0"', "a name or an address, without blanks"],
  ])("is told in one message, with what cannot be seen written out: %s %j", (path, value, saw, expected) => {
    const texts = textsOf(vgpuHostSchema, withValue(identity, path, value));
    expect(texts.filter((text) => text.includes(`Saw: ${saw}\nExpected: ${expected}\n`))).toEqual(texts);
    expect(texts).toHaveLength(1);
  });

  it.each(["connection.password", "connection.sudoPassword", "connection.privateKeyPassword"])(
    "is refused, and not shown, as %s",
    (path) => {
      const [text, ...others] = textsOf(vgpuHostSchema, withValue(identity, path, "hunter2\nrm"));
      expect(others).toEqual([]);
      expect(text).toContain("Saw: a secret value\nExpected: a secret of one line");
      expect(text).not.toContain("hunter2");
    },
  );

  it("may be a key or a token: they have lines", () => {
    const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
    const declared = { ...identity, connection: { host: "h", privateKey: key }, license: { token: "a\nb" } };
    expect(textsOf(guestDriverInstallSchema, declared)).toEqual([]);
  });
});

describe("a sha256", () => {
  it("is taken in capitals, and kept in small letters", () => {
    const declared = { ...identity, driver: driver({ path: "a.run", sha256: sha256.toUpperCase() }) };
    expect(checkInputs(vgpuHostSchema, declared, "gpu-01").inputs).toMatchObject({
      driver: { package: { sha256 } },
    });
  });
});
