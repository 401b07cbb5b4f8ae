import { describe, expect, it } from "vitest";
import { ampereMdev } from "./kinds.js";
import { mdevctlTool } from "./mdevctl.js";
import { type HostScene, readyHost, uuid } from "./scenes.js";
import { namesIn, readText } from "./sys-nodes.js";

const parent = "0000:41:00.4";
const other = "0000:41:00.5";
const type = "nvidia-562";

/** Returns a host with VFs on which mdevctl, stand-in always, can be called. */
async function host() {
  const scene = await readyHost(ampereMdev());
  scene.machine.installTool("/usr/sbin/mdevctl", mdevctlTool(scene.model.sys));
  const mdevctl = (...argv: string[]) => scene.machine.call("/usr/sbin/mdevctl", ...argv);
  return { ...scene, mdevctl };
}

const definition = ({ machine }: HostScene, u = uuid(1), p = parent) => {
  const text = machine.readFile(`/etc/mdevctl.d/${p}/${u}`);
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
};
const refusal = (message: string) => ({ code: 1, stderr: `Error: ${message}\n` });

describe("mdevctl define", () => {
  it("chooses a UUID when only parent and type are given, and prints it", async () => {
    const scene = await host();
    const { code, stdout } = await scene.mdevctl("define", "-p", parent, "-t", type);
    expect(code).toBe(0);
    expect(definition(scene, stdout.trim())).toEqual({ mdev_type: type, start: "manual", attrs: [] });
  });

  it("keeps manual unless --auto is given", async () => {
    const scene = await host();
    await scene.mdevctl("define", "--uuid", uuid(1), "--parent", parent, "--type", type, "--auto");
    expect(definition(scene)).toMatchObject({ start: "auto" });
    await scene.mdevctl("define", "-u", uuid(1), "-p", other, "-t", type);
    expect(definition(scene, uuid(1), other)).toMatchObject({ start: "manual" });
  });

  it("fails without UUID and type, and for what is already defined there", async () => {
    const scene = await host();
    expect((await scene.mdevctl("define", "-p", parent)).code).toBe(1);
    await scene.mdevctl("define", "-u", uuid(1), "-p", parent, "-t", type);
    expect((await scene.mdevctl("define", "-u", uuid(1), "-p", parent, "-t", type)).code).toBe(1);
  });

  it("takes a JSON file with UUID and parent, but no type beside it", async () => {
    const scene = await host();
    scene.machine.writeFile("/d.json", JSON.stringify({ mdev_type: type, start: "auto" }));
    const words = ["define", "-u", uuid(1), "-p", parent, "--jsonfile", "/d.json"];
    expect((await scene.mdevctl(...words, "-t", type)).code).toBe(1);
    expect((await scene.mdevctl(...words)).code).toBe(0);
    expect(definition(scene)).toEqual({ mdev_type: type, start: "auto", attrs: [] });
  });

  it("takes parent and type of a running device, but no lone type", async () => {
    const scene = await host();
    await scene.mdevctl("start", "-u", uuid(1), "-p", parent, "-t", type);
    expect((await scene.mdevctl("define", "-u", uuid(1), "-t", type)).code).toBe(1);
    expect((await scene.mdevctl("define", "-u", uuid(1))).code).toBe(0);
    expect(definition(scene)).toMatchObject({ mdev_type: type });
    expect((await scene.mdevctl("define", "-u", uuid(1), "-p", other, "-t", type)).code).toBe(0);
    const running = uuid(2);
    await scene.mdevctl("start", "-u", running, "-p", "0000:41:00.6", "-t", type);
    expect((await scene.mdevctl("define", "-u", running, "-p", "0000:41:00.6")).code).toBe(0);
    expect(
      (await scene.mdevctl("define", "-u", running, "-p", "0000:41:00.7", "-t", "nvidia-560")).code,
    ).toBe(0);
  });
});

describe("mdevctl start", () => {
  it("makes the device, once", async () => {
    const scene = await host();
    expect(await scene.mdevctl("start", "-u", uuid(1), "-p", parent, "-t", type)).toMatchObject({ code: 0 });
    expect(namesIn(scene.model.sys, "/bus/mdev/devices")).toEqual([uuid(1)]);
    const again = await scene.mdevctl("start", "-u", uuid(1), "-p", parent, "-t", type);
    expect(again).toMatchObject(refusal("Device already exists"));
  });

  it("chooses a UUID when none is given", async () => {
    const scene = await host();
    const { stdout } = await scene.mdevctl("start", "-p", parent, "-t", type);
    expect(namesIn(scene.model.sys, "/bus/mdev/devices")).toEqual([stdout.trim()]);
  });

  it.each([
    ["type only", ["-t", type]],
    ["parent only", ["-p", parent]],
    ["UUID and type", ["-u", uuid(1), "-t", type]],
    ["UUID and parent, not defined", ["-u", uuid(1), "-p", parent]],
  ])("fails with %s", async (_name, words) => {
    const scene = await host();
    expect((await scene.mdevctl("start", ...words)).code).toBe(1);
    expect(namesIn(scene.model.sys, "/bus/mdev/devices")).toEqual([]);
  });

  it("takes what is missing from the definition, unless two fit or the type differs", async () => {
    const scene = await host();
    await scene.mdevctl("define", "-u", uuid(1), "-p", parent, "-t", type);
    expect((await scene.mdevctl("start", "-u", uuid(1), "-p", parent, "-t", "nvidia-560")).code).toBe(1);
    expect((await scene.mdevctl("start", "-u", uuid(1))).code).toBe(0);
    await scene.mdevctl("stop", "-u", uuid(1));
    await scene.mdevctl("define", "-u", uuid(1), "-p", other, "-t", type);
    expect((await scene.mdevctl("start", "-u", uuid(1))).code).toBe(1);
    expect((await scene.mdevctl("start", "-u", uuid(1), "-p", other)).code).toBe(0);
  });

  it("says which parent or type is at fault", async () => {
    const scene = await host();
    const start = (p: string, t: string) => scene.mdevctl("start", "-u", uuid(1), "-p", p, "-t", t);
    expect(await start("0000:99:00.0", type)).toMatchObject(
      refusal("Unable to find parent device '0000:99:00.0'"),
    );
    expect(await start("0000:41:00.0", type)).toMatchObject(
      refusal("Parent 0000:41:00.0 is not currently registered for mdev support"),
    );
    expect(await start(parent, "nvidia-1")).toMatchObject(
      refusal(`Parent ${parent} does not support mdev type nvidia-1`),
    );
    await start(parent, type);
    const full = await scene.mdevctl("start", "-u", uuid(2), "-p", parent, "-t", type);
    expect(full).toMatchObject(refusal(`No available instances of ${type} on ${parent}`));
  });

  it("offers the parent in lower case", async () => {
    const gpus = [{ board: "NVIDIA A40", address: "0000:2b:00.0" }];
    const scene = await readyHost(ampereMdev({ gpus }));
    scene.machine.installTool("/usr/sbin/mdevctl", mdevctlTool(scene.model.sys));
    const words = ["start", "-u", uuid(1), "-p", "0000:2B:00.4", "-t", type];
    expect(await scene.machine.call("/usr/sbin/mdevctl", ...words)).toMatchObject(
      refusal("Unable to find parent device '0000:2B:00.4'. Did you mean '0000:2b:00.4'?"),
    );
  });

  it("writes the definition's attributes, and ignores them for a full specification", async () => {
    const scene = await host();
    await scene.mdevctl("define", "-u", uuid(1), "-p", parent, "-t", type);
    await scene.mdevctl("modify", "-u", uuid(1), "--addattr=nvidia/vgpu_params", "--value=disable_vnc=1");
    await scene.mdevctl("start", "-u", uuid(1));
    const params = `/bus/mdev/devices/${uuid(1)}/nvidia/vgpu_params`;
    expect(await readText(scene.model.sys, params)).toBe("disable_vnc=1\n");
    await scene.mdevctl("stop", "-u", uuid(1));
    await scene.mdevctl("start", "-u", uuid(1), "-p", parent, "-t", type);
    expect(await readText(scene.model.sys, params)).toBe("\n");
  });

  it("removes the device again when an attribute is refused", async () => {
    const scene = await host();
    const attrs = [{ "nvidia/nonsense": "1" }];
    scene.machine.writeFile("/d.json", JSON.stringify({ mdev_type: type, start: "manual", attrs }));
    await scene.mdevctl("define", "-u", uuid(1), "-p", parent, "--jsonfile", "/d.json");
    const { code, stderr } = await scene.mdevctl("start", "-u", uuid(1));
    expect(code).toBe(1);
    expect(stderr).toContain(`Failed to create mdev ${uuid(1)}, type ${type} on ${parent}`);
    expect(namesIn(scene.model.sys, "/bus/mdev/devices")).toEqual([]);
  });

  it("is run by udev for auto definitions as soon as their VF registers, and for no other", async () => {
    const scene = await host();
    await scene.mdevctl("define", "-u", uuid(1), "-p", parent, "-t", type, "--auto");
    await scene.mdevctl("define", "-u", uuid(2), "-p", other, "-t", type);
    await scene.machine.restart();
    await scene.machine.call("/usr/lib/nvidia/sriov-manage", "-e", "ALL");
    await new Promise((wake) => setImmediate(wake));
    expect(namesIn(scene.model.sys, "/bus/mdev/devices")).toEqual([uuid(1)]);
  });
});

describe("mdevctl stop, undefine, modify", () => {
  it("name what is not there", async () => {
    const scene = await host();
    expect(await scene.mdevctl("stop", "-u", uuid(1))).toMatchObject(refusal("Device is not active"));
    expect(await scene.mdevctl("undefine", "-u", uuid(1))).toMatchObject(
      refusal("No devices match the specified uuid"),
    );
    expect(await scene.mdevctl("modify", "-u", uuid(1), "--auto")).toMatchObject(
      refusal("Device is not defined"),
    );
  });

  it("change and remove the definition", async () => {
    const scene = await host();
    await scene.mdevctl("define", "-u", uuid(1), "-p", parent, "-t", type, "-a");
    await scene.mdevctl("modify", "-u", uuid(1), "-p", parent, "-m");
    expect(definition(scene)).toMatchObject({ start: "manual" });
    await scene.mdevctl("undefine", "-u", uuid(1));
    expect(definition(scene)).toBeUndefined();
  });
});

describe("mdevctl list", () => {
  it("marks what is also active, or also defined", async () => {
    const scene = await host();
    await scene.mdevctl("define", "-u", uuid(1), "-p", parent, "-t", type);
    expect((await scene.mdevctl("list", "-d")).stdout).toBe(`${uuid(1)} ${parent} ${type} manual\n`);
    await scene.mdevctl("start", "-u", uuid(1));
    expect((await scene.mdevctl("list", "-d")).stdout).toBe(`${uuid(1)} ${parent} ${type} manual (active)\n`);
    expect((await scene.mdevctl("list")).stdout).toBe(`${uuid(1)} ${parent} ${type} manual (defined)\n`);
    expect((await scene.mdevctl("frobnicate")).code).toBe(2);
  });
});

describe("mdevctl where there is nothing", () => {
  it("prints an empty list, and no text", async () => {
    const scene = await host();
    for (const words of [["list"], ["list", "-d"], ["types", "-p", "missing"]]) {
      expect((await scene.mdevctl(...words, "--dumpjson")).stdout).toBe("[]\n");
      expect((await scene.mdevctl(...words)).stdout).toBe("");
    }
  });
});
