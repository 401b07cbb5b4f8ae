import { describe, expect, it } from "vitest";
import { parseFactLines } from "../../../provider/observe/fact-lines.js";
import {
  manifestFiles,
  parseGuestManifest,
  parseHostManifest,
  parseMachineManifest,
} from "../../../provider/observe/parse-manifest.js";

const [one, two] = ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"];
const linesOf = (...lines: readonly string[]) =>
  parseFactLines(`${lines.join("\n").replaceAll("|", "\t")}\nend\thost\n`, "host", "here");
/** The answer of a machine whose records have these lines. */
const noted = (...records: readonly string[]) => linesOf(...records.map((line) => `manifest|${line}`));

describe("the lines of records", () => {
  it("are fields of files that a record may be, by letters alone", () => {
    const files = manifestFiles(
      noted(
        "host:owner=a:b=c",
        "host:own er=x",
        "host:1owner=x",
        "host:owner1=x",
        "host:=x",
        "host:owner",
        "host",
        ":owner=x",
        "owner=x",
        "../host:owner=x",
        "",
      ),
    );
    expect([...files].map(([path, fields]) => [path, [...fields]])).toEqual([["host", [["owner", "a:b=c"]]]]);
  });

  it.each([
    ["is there twice", ["host:owner=a", "host:owner=a"]],
    ["has a tab", ["host:owner=a|b"]],
    ["has a line end of Unicode's", ["host:owner=a\u2028b"]],
    ["has a control character", ["host:owner=a\u0007b"]],
  ])("give a field that %s no value", (_why, records) => {
    expect(
      manifestFiles(noted(...records))
        .get("host")
        ?.get("owner"),
    ).toBe("");
  });
});

describe("what is noted of a machine", () => {
  it("is nothing where nothing is", () => {
    expect(parseMachineManifest(noted(), "host")).toEqual({
      format: "1",
      owner: null,
      nouveauFound: false,
      nouveauBlock: null,
      driver: null,
    });
  });

  it("is when nouveau was blocked, where that is noted", () => {
    const found = parseMachineManifest(noted("nouveau:state=done", "nouveau:boot=b-1"), "host");
    expect(found).toMatchObject({ nouveauBlock: "done", nouveauBlockBoot: "b-1" });
    expect(parseMachineManifest(noted("nouveau:state=done"), "host")).not.toHaveProperty("nouveauBlockBoot");
  });

  it("is a driver that was only begun where no version and boot are noted of it", () => {
    expect(parseMachineManifest(noted("driver:state=begun"), "host").driver).toEqual({
      state: "intent",
      version: "",
      bootId: "",
    });
  });

  it("is a guest's in records of a guest's names, and in format 1 also in those of a host's, where no host is noted", () => {
    const driverOf = (claim: "host" | "guest", ...records: readonly string[]) =>
      parseMachineManifest(noted(...records), claim).driver?.version;
    const [guest, host] = ["guest:owner=g", "host:owner=h"];
    const [plain, own] = ["driver:version=1", "guest-driver:version=2"];
    expect(driverOf("guest", guest, plain)).toBe("1");
    expect(driverOf("host", guest, plain)).toBeUndefined();
    expect(driverOf("guest", guest, plain, own)).toBe("2");
    expect(driverOf("guest", guest, host, plain)).toBeUndefined();
    expect(driverOf("host", guest, host, plain)).toBe("1");
    expect(driverOf("guest", "format:format=2", guest, plain)).toBeUndefined();
    expect(driverOf("host", "format:format=2", guest, plain)).toBe("1");
    expect(driverOf("host", plain)).toBe("1");
  });
});

describe("what is noted of a host", () => {
  it("is the stacks that had it before, one after the other", () => {
    expect(parseHostManifest(noted("host:owner=a/b/c", "host:former=x/y  z/w ")).formerStacks).toEqual([
      "x/y",
      "z/w",
    ]);
    expect(parseHostManifest(noted("guest:former=x/y")).formerStacks).toEqual([]);
  });

  it("is a file of the boot whose content could not be read as one of no content", () => {
    const { bootFiles } = parseHostManifest(linesOf("boot-file|restore", "boot-file|unit|ab"));
    expect(bootFiles).toEqual({ restore: "", unit: "ab" });
  });

  it("is how many functions each GPU had, and whether they were found on", () => {
    const { gpus } = parseHostManifest(
      noted(
        "gpu/0000:3b:00.0:vfs=16",
        "gpu/0000:3b:00.0:found=on",
        "gpu/0000:5e:00.0:vfs=many",
        "gpu/0000:86:00.0:other=1",
      ),
    );
    expect({ ...gpus }).toEqual({
      "0000:3b:00.0": { vfs: 16, foundOn: true },
      "0000:5e:00.0": { vfs: 0 },
      "0000:86:00.0": {},
    });
  });

  it("is its vGPUs in the order of their UUIDs, nothing of them that is not noted, and the parent for their carrier", () => {
    const { vgpus } = parseHostManifest(
      noted(`vgpu/${two}:parent=mtty`, `vgpu/${two}:keep=yes`, `vgpu/${one}:state=done`),
    );
    const bare = { owner: "", name: "", carrier: "", parent: "", typeName: "", keep: false, adopted: false };
    expect(vgpus).toEqual([
      { ...bare, uuid: one, state: "done" },
      { ...bare, uuid: two, state: "intent", carrier: "mtty", parent: "mtty", keep: true },
    ]);
  });
});

describe("what is noted of a guest", () => {
  it("is whether its license was set up", () => {
    expect(parseGuestManifest(noted()).gridd).toBeNull();
    expect(parseGuestManifest(noted("gridd:state=begun")).gridd).toEqual({ state: "intent" });
    expect(parseGuestManifest(noted("gridd:state=done")).gridd).toEqual({ state: "done" });
  });
});
