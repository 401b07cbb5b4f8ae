import { createHash } from "node:crypto";
import { chmodSync, mkdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SmallMachine } from "../small-machine.js";

const content = "a driver\n";
const sumOf = (text: string) => createHash("sha256").update(text).digest("hex");
const hash = sumOf(content);
const packages = "var/lib/pulumi-vgpu/packages";

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host");
});
afterEach(() => machine.remove());

describe("copy-package", () => {
  const copy = () => machine.run("copy-package", [machine.at("srv/driver.run"), hash]);
  const names = () => machine.list(packages);

  it("says that there is no file, also of a folder, and makes nothing", () => {
    const told = { code: 3, stdout: "there is no file /srv/driver.run\n" };
    expect(copy()).toMatchObject(told);
    mkdirSync(machine.at("srv/driver.run"), { recursive: true });
    expect(copy()).toMatchObject(told);
    expect(machine.has(packages)).toBe(false);
  });

  it("lets nobody but root read it, whatever the login's umask is, and waits until the disk has it", () => {
    machine.write("srv/driver.run", content);
    machine.program("sync", `stat -c %a "$1" > mode; ls ${packages} > names`);
    expect(copy()).toMatchObject({ code: 0 });
    expect([machine.read("mode"), machine.read("names")]).toEqual(["600\n", `${hash}.part\n`]);
    expect([names(), machine.read(`${packages}/${hash}.run`)]).toEqual([[`${hash}.run`], content]);
  });

  it("gives a copy no name that the disk may not have", () => {
    machine.write("srv/driver.run", content);
    machine.program("sync", "exit 1");
    expect(copy().code).not.toBe(0);
    expect(names()).toEqual([`${hash}.part`]);
  });

  it("fails where the file cannot be told in its size, copied in time or copied whole, and leaves no half", () => {
    machine.write("srv/driver.run", content);
    machine.program("stat", "exit 1");
    expect(copy()).toMatchObject({ code: 1 });
    expect(machine.has(packages)).toBe(false);
    machine.program("stat", "echo 9");
    for (const [text, code] of [
      ["printf half; exit 1", 1],
      [`cat ${machine.root}/srv/driver.run; exit 1`, 1],
      ["exec /bin/sleep 5", 124],
    ] as const) {
      machine.program("head", text);
      machine.program("timeout", 'shift; exec /usr/bin/timeout 1 "$@"');
      expect(copy()).toMatchObject({
        code: 1,
        stderr: `copying /srv/driver.run to /${packages} ended with code ${code}\n`,
      });
      expect(names()).toEqual([]);
    }
  });

  it("reads one byte more than the file had: one that grows is another file, and fills no disk", () => {
    machine.write("srv/driver.run", content);
    machine.program("stat", "echo 4");
    expect(copy()).toMatchObject({
      code: 3,
      stdout: `sha256 of /srv/driver.run is ${sumOf(content.slice(0, 5))}, expected ${hash}\n`,
    });
    expect(names()).toEqual([]);
  });

  it("fails where what an earlier run left cannot be removed", () => {
    machine.write("srv/driver.run", content);
    mkdirSync(machine.at(`${packages}/${hash}.part`), { recursive: true });
    expect(copy()).toMatchObject({ code: 1 });
  });
});

describe("drop-package", () => {
  it("takes a file away that others may change, and leaves other packages", () => {
    const run = `${packages}/${hash}.run`;
    machine.write(run, content, 0o600);
    machine.write(`${packages}/other.run`, content);
    expect(machine.run("drop-package", [hash])).toMatchObject({ code: 0 });
    expect(machine.has(run)).toBe(true);
    chmodSync(machine.at(run), 0o666);
    expect(machine.run("drop-package", [hash])).toMatchObject({ code: 0 });
    expect(machine.list(packages)).toEqual(["other.run"]);
  });
});
