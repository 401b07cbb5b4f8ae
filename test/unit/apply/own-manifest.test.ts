import { chmodSync, chownSync, mkdirSync, renameSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SmallMachine } from "../small-machine.js";

const isRoot = process.getuid?.() === 0;
const manifest = "etc/pulumi-vgpu";
let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host");
  machine.write(`${manifest}/host`, "owner=shop/dev/gpu-01\nnouveau=absent\n");
  machine.write(`${manifest}/driver`, "state=done\nversion=1\nboot=b\n");
});
afterEach(() => machine.remove());

const release = () => machine.run("release", ["host"]);
const refused = (saw: RegExp) => ({
  code: 1,
  stdout: "",
  stderr: expect.stringMatching(`^what is noted on this machine is not root's alone: ${saw.source}\n$`),
});
const untouched = () => expect(machine.list(manifest)).toEqual(["driver", "host"]);

describe("a changing script", () => {
  it.each([
    ["a file that all may write", "/host", 0o646],
    ["a file that a group may write", "/driver", 0o664],
    ["the folder, which all may write", "", 0o777],
  ])("does nothing by records that others may change: %s", (_what, path, mode) => {
    chmodSync(machine.at(manifest + path), mode);
    expect(release()).toMatchObject(
      refused(new RegExp(`/${manifest}${path} \\(mode ${mode.toString(8)}, owner \\d+\\)`)),
    );
    untouched();
    chmodSync(machine.at(manifest + path), mode & ~0o022);
    expect(release()).toMatchObject({ code: 0 });
  });

  it("does nothing by records behind a link", () => {
    renameSync(machine.at(manifest), machine.at("etc/elsewhere"));
    symlinkSync("elsewhere", machine.at(manifest));
    expect(release()).toMatchObject(refused(new RegExp(`/${manifest} \\(mode 777, owner \\d+\\)`)));
    untouched();
  });

  it.runIf(isRoot)("does nothing by another user's record", () => {
    chownSync(machine.at(`${manifest}/host`), 65534, 65534);
    expect(release()).toMatchObject(refused(new RegExp(`/${manifest}/host \\(mode 644, owner 65534\\)`)));
    untouched();
  });

  it("makes records that root alone may change, whatever a crash left beside them", () => {
    mkdirSync(machine.at(`${manifest}/vgpu`));
    machine.write(`${manifest}/vgpu/one.new`, "half", 0o666);
    expect(release()).toMatchObject({ code: 0 });
  });
});
