import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packageFacts } from "../../../provider/catalog/packages.js";
import { isVgpuError } from "../../../provider/model/errors.js";
import { parseVgpuTypeName } from "../../../provider/model/vgpu-type.js";
import { understood } from "../../../provider/observe/fact-lines.js";
import { parseGuestFacts } from "../../../provider/observe/observe-guest.js";
import { parseHostFacts } from "../../../provider/observe/observe-host.js";
import { parseCreatable } from "../../../provider/observe/parse-gpus.js";
import { parseMdevDefinitions } from "../../../provider/observe/parse-mdevctl.js";
import { parseSmiTypes } from "../../../provider/observe/parse-smi-types.js";
import { lookUpKnownKeys } from "../../../provider/transport/trust/known-hosts.js";

const where = "root@gpu-01:22";
const scripts = ["machine", "host", "guest"].map((name) =>
  readFileSync(join(__dirname, `../../../provider/observe/${name}.sh`), "utf8"),
);
/** Every tag that our scripts print. */
const tags = [...new Set(scripts.join("\n").match(/(?<=fact )[a-z-]+/g))];
const message = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    if (isVgpuError(error)) return error.message;
    throw error;
  }
  return "it did not fail";
};

describe("an answer of a hostile machine", () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "vgpu/__proto__:owner=x"];
  const numbers = ["-1", "1e400", "9".repeat(400), "NaN", "0x1F", ""];
  const places = [
    "0000:3b:00.0",
    "/sys/bus/pci/devices/0000:3b:00.0/virtfn0",
    "../../x",
    "gpu/__proto__:vfs=7",
  ];
  const field = fc.oneof(
    fc.constantFrom(...names, ...numbers, ...places),
    fc.string({ maxLength: 20 }).map((text) => text.replace(/[\t\n]/g, "")),
  );
  const line = fc.tuple(fc.constantFrom(...tags), fc.array(field, { maxLength: 8 }));
  const answer = fc
    .array(line, { maxLength: 60 })
    .map((lines) => lines.map(([tag, fields]) => [tag, ...fields].join("\t")).join("\n"));

  it("gives nothing to be stored that Pulumi's display would take for a command, and leaves records as they are", () => {
    const uuid = "11111111-2222-4333-8444-555555555555";
    const lines = ["hostname\t<{%boom%}>", `manifest\tvgpu/${uuid}:name=<{%desk%}>`, "end\thost", ""];
    const { hostname, manifest } = parseHostFacts(lines.join("\n"), where);
    expect(hostname).toBe("<\\x7b%boom%}>");
    expect(manifest.vgpus.map(({ name }) => name)).toEqual(["<{%desk%}>"]);
  });

  it("is facts or an error of ours, whatever its lines hold", () => {
    expect(tags.length).toBeGreaterThan(30);
    const property = fc.property(answer, (text) => {
      message(() => parseHostFacts(`${text}\nend\thost\n`, where));
      message(() => parseGuestFacts(`${text}\nend\tguest\n`, where));
    });
    fc.assert(property, { numRuns: 1_000 });
  });

  it("gives no object another prototype, and no name a value that nobody noted", () => {
    const lines = ["manifest\tgpu/__proto__:vfs=7", "service\t__proto__\tLoadState\tloaded", "end\thost"];
    const facts = parseHostFacts(`${lines.join("\n")}\n`, where);
    expect(Object.keys(facts.manifest.gpus)).toEqual([]);
    expect(Object.keys(facts.services)).toEqual(["__proto__"]);
    expect(facts.manifest.gpus.constructor).toBeUndefined();
    expect(facts.services.constructor).toBeUndefined();
  });

  it("is refused when it has more or longer lines than any machine has", () => {
    const refused = (saw: string) =>
      [
        `VGPU_PROTOCOL ${where}: cannot observe the host`,
        `Saw: ${saw} (observe-host)`,
        "Expected: an answer of the form and the size that a machine gives",
        "Next: look on the machine for what prints it: /sys, /etc/pulumi-vgpu, nvidia-smi, mdevctl; then run again",
      ].join("\n");
    const read = (text: string) => message(() => parseHostFacts(`${text}end\thost\n`, where));
    expect(read("holder\t1\n".repeat(50_000))).toBe(refused("50002 lines, 40000 are the most"));
    expect(read("gpu\tx\n".repeat(300))).toBe(refused("more than 256 gpus"));
    expect(read("holder\t1\n".repeat(39_998))).toBe("it did not fail");
    expect(read("holder\t1\n".repeat(39_999))).toBe(refused("40001 lines, 40000 are the most"));
    expect(read(`tool\t${"x".repeat(128 * 1024 - 5)}\n`)).toBe("it did not fail");
    const long = `tool\t${"x".repeat(200_000)}`;
    expect(read(`${long}\n`)).toBe(
      refused(
        `a line of ${long.length} characters, which begins with ${JSON.stringify(long.slice(0, 80))}`.replaceAll(
          "\\t",
          "\\t",
        ),
      ),
    );
  });

  const look = { what: "host", where };
  const printed = { code: 0, stdout: "end\thost\n", stderr: "" };

  it("on which reading fails is an error of its machine", () => {
    const broken = () => understood(look, printed, () => JSON.parse("{"));
    expect(message(broken)).toMatch(
      /^VGPU_PROTOCOL root@gpu-01:22: cannot observe the host\nSaw: an answer on which reading fails: SyntaxError: /,
    );
  });

  it("of which reading says what is wrong is told so", () => {
    const half = () => understood(look, printed, (text) => parseGuestFacts(text, where));
    expect(message(half)).toMatch(
      /^VGPU_PROTOCOL root@gpu-01:22: cannot observe the guest\nSaw: 9 characters/,
    );
  });
});

describe("a hostile line", () => {
  const size = 100_000;
  const pumps = [" ", "\t", ":", "a", "0", "=", ".", "-", "0 ", "a:", "-1.1", "*a"];
  const lines = pumps.flatMap((pump) =>
    ["", "a", "0:", "License Status"].flatMap((begin) =>
      ["", "!", "\r!"].map((end) => begin + pump.repeat(size / pump.length) + end),
    ),
  );
  const readers: Record<string, (line: string) => unknown> = {
    "a guest's license": (text) => parseGuestFacts(`license-line\t${text}\nend\tguest\n`, where),
    "a creatable type": parseCreatable,
    "nvidia-smi's types": (text) => parseSmiTypes([text]),
    "a manifest": (text) => parseHostFacts(`manifest\t${text}\nend\thost\n`, where),
    "a command line": (text) =>
      parseHostFacts(`holder\t1\t/dev/vfio/1\t${text}\nvm\t1\t${text}\nend\thost\n`, where),
    "mdevctl's list": parseMdevDefinitions,
    "a package's name": (text) => packageFacts(text.slice(0, 4_096)),
    "a type's name": (text) => parseVgpuTypeName(text.slice(0, 4_096)),
    "a pattern of known_hosts": (text) =>
      lookUpKnownKeys([`${text.slice(0, 4_096)} ssh-ed25519 AAAA`, `${"*a".repeat(60)}b ${key}`], {
        host: "a".repeat(250),
        port: 22,
      }),
  };
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

  it.each(Object.keys(readers))("is read in linear time as %s", (name) => {
    const before = process.cpuUsage();
    for (const line of lines) message(() => readers[name]?.(line));
    const { user, system } = process.cpuUsage(before);
    // 144 lines, a few milliseconds each at most; one of quadratic time would take seconds alone.
    expect((user + system) / 1000).toBeLessThan(3_000);
  });
});
