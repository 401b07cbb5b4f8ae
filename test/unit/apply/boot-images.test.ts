import { mkdirSync, rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { changingScript } from "../../../provider/apply/machine.js";
import { SmallMachine } from "../small-machine.js";

const block = "etc/modprobe.d/pulumi-vgpu-nouveau.conf";
const record = "etc/pulumi-vgpu/nouveau";
const settings = "etc/initramfs-tools/update-initramfs.conf";
const images = ["boot/initrd.img-1.2.3", "boot/initramfs-1.2.3.img", "boot/initrd-1.2.3"];
const makes = "for image in boot/init*; do echo more >> $image; done";

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host", ["update-initramfs", "dracut"]);
  machine.write("etc/pulumi-vgpu/host", "owner=shop/dev\n");
  machine.write("lib/modules/1.2.3/modules.dep", "");
});
afterEach(() => machine.remove());

describe("block-nouveau", () => {
  it("blocks nouveau and nova, and makes every kernel's image anew: update-initramfs", () => {
    for (const image of images) machine.write(image, "old\n");
    machine.program("update-initramfs", `cat ${record} > seen; ${makes}`);
    expect(machine.run("block-nouveau")).toMatchObject({ code: 0 });
    expect(machine.calls()).toEqual(["update-initramfs -u -k all"]);
    expect(machine.read("seen")).toBe("state=intent\n");
    expect(machine.read(record)).toMatch(/^state=done\nboot=[0-9a-f-]{36}\n$/);
    expect(machine.read(block)).toBe(
      "blacklist nouveau\noptions nouveau modeset=0\nblacklist nova_core\nblacklist nova_drm\n",
    );
  });

  it("blocks nouveau and nova, and makes every kernel's image anew: dracut", () => {
    for (const image of images) machine.write(image, "old\n");
    machine.program("dracut", makes);
    expect(machine.run("block-nouveau")).toMatchObject({ code: 0 });
    expect(machine.calls()).toEqual(["dracut --regenerate-all --force"]);
  });

  it.each([
    ["update-initramfs", "update-initramfs -u -k all failed\n"],
    ["dracut", "dracut --regenerate-all --force failed\n"],
  ] as const)("is not done where %s fails", (name, told) => {
    for (const image of images) machine.write(image, "old\n");
    machine.program(name, `${makes}; exit 1`);
    expect(machine.run("block-nouveau")).toMatchObject({ code: 1, stderr: told });
    expect(machine.read(record)).toBe("state=intent\n");
  });

  it("is not done where no program that makes images is there", () => {
    const told = "neither update-initramfs nor dracut is here\n";
    expect(machine.run("block-nouveau")).toMatchObject({ code: 1, stderr: told });
    expect(machine.read(record)).toBe("state=intent\n");
  });

  it.each(images)("is not done where the program ends with 0 and %s stays as it was", (image) => {
    for (const each of images) machine.write(each, "old\n");
    machine.program(
      "update-initramfs",
      `for image in boot/init*; do [ $image = ${image} ] || echo more >> $image; done`,
    );
    const told = `the images are the old ones: /${image} `;
    expect(machine.run("block-nouveau")).toMatchObject({ code: 1, stderr: `${told}\n` });
    machine.write(settings, "update_initramfs=no\n");
    expect(machine.run("block-nouveau")).toMatchObject({
      code: 1,
      stderr: `${told}; update_initramfs=no in /${settings}\n`,
    });
    expect(machine.read(record)).toBe("state=intent\n");
  });

  it("is done on a machine that boots without images, or whose first ones are made", () => {
    machine.program("update-initramfs", "true");
    expect(machine.run("block-nouveau")).toMatchObject({ code: 0 });
    machine.program("update-initramfs", `mkdir -p boot; echo new > ${images[0]}`);
    expect(machine.run("block-nouveau")).toMatchObject({ code: 0 });
  });

  it("changes nothing where it cannot note that it is about to", () => {
    machine.program("update-initramfs", "true");
    mkdirSync(machine.at(record), { recursive: true });
    expect(machine.run("block-nouveau")).toMatchObject({ code: 1 });
    expect([machine.has(block), machine.calls()]).toEqual([false, []]);
  });

  it("makes no image where the block could not be written", () => {
    machine.program("update-initramfs", "true");
    mkdirSync(machine.at(`${block}.new`));
    expect(machine.run("block-nouveau")).toMatchObject({ code: 1 });
    expect([machine.read(record), machine.calls()]).toEqual(["state=intent\n", []]);
  });
});

describe("unblock-nouveau", () => {
  beforeEach(() => {
    machine.write(record, "state=done\n");
    machine.write(block, "blacklist nouveau\n");
  });

  it("takes the block away, makes the images anew, and forgets it", () => {
    machine.write(images[0] ?? "", "old\n");
    machine.program("dracut", `ls ${block} > seen 2>&1; ${makes}`);
    expect(machine.run("unblock-nouveau")).toMatchObject({ code: 0 });
    expect(machine.read("seen")).toMatch(/No such file/);
    expect([machine.has(record), machine.has(block), machine.calls().length]).toEqual([false, false, 1]);
  });

  it("does not forget it while the images are the old ones", () => {
    machine.write(images[0] ?? "", "old\n");
    machine.program("update-initramfs", "true");
    const told = `the images are the old ones: /${images[0]} \n`;
    expect(machine.run("unblock-nouveau")).toMatchObject({ code: 1, stderr: told });
    expect(machine.has(record)).toBe(true);
  });

  it("names what is known to keep the images from being made", () => {
    const text = changingScript("block-nouveau", "host").split("block=")[0];
    expect(machine.shell(`${text}\nwhy_kept x; echo "$why"`).stdout).toBe(
      "the images are the old ones: x; /boot cannot be written\n",
    );
  });

  it("forgets it where no program that makes images is there: then none has the block", () => {
    expect(machine.run("unblock-nouveau")).toMatchObject({ code: 0 });
    expect([machine.has(record), machine.has(block)]).toEqual([false, false]);
  });

  it("leaves the block to the other kind that the machine was taken for", () => {
    machine.write("etc/pulumi-vgpu/guest", "owner=shop/dev\n");
    machine.write("etc/pulumi-vgpu/format", "format=2\n");
    machine.write("etc/pulumi-vgpu/guest-nouveau", "state=done\n");
    machine.program("update-initramfs", "true");
    expect(machine.run("unblock-nouveau")).toMatchObject({ code: 0 });
    expect([machine.has(record), machine.has(block), machine.calls()]).toEqual([false, true, []]);
    rmSync(machine.at("etc/pulumi-vgpu/guest-nouveau"));
    expect(machine.run("unblock-nouveau")).toMatchObject({ code: 0 });
    expect([machine.has(block), machine.calls()]).toEqual([false, ["update-initramfs -u -k all"]]);
  });
});
