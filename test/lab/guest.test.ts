// A Linux guest with a kernel, sshd, apt and DKMS of its own: from nouveau to a license, and back.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { labGuest } from "../../tools/lab/cards.js";
import type { LabMachine } from "../../tools/lab/vm/lab-machine.js";
import { startLabMachine } from "../../tools/lab/vm/start.js";
import { labBeds } from "../contracts/beds.js";
import { oneLine } from "../engine/support/messages.js";
import { mustSucceed } from "../engine/support/stack.js";
import { frozenAt } from "./contracts/lab-bed.js";
import { mustRun } from "./support/domain.js";
import { askAgent } from "./support/guest-agent.js";
import { type LabHost, openLabHost } from "./support/lab-host.js";
import { changesFromNow, differences, type Tree, treeOf } from "./support/tree.js";

describe("a guest with a kernel of its own", () => {
  let host: LabHost;
  let guest: LabMachine;
  let bare: Tree;
  const up = () => host.stack.up(["--skip-preview"]);
  const unchanged = async () => {
    mustSucceed(await host.stack.up(["--skip-preview", "--expect-no-changes"]));
  };
  const license = async () => mustRun(guest, "nvidia-smi -q | grep 'License Status'");
  const declare = (guests: Parameters<LabHost["declare"]>[1]) =>
    host.declare({ gpu: labBeds.ampere.gpu, vgpus: { "desk-1": labGuest.type } }, guests);

  beforeAll(async () => {
    host = await openLabHost("ampere", await frozenAt("vGPU host", labBeds.ampere));
    guest = await startLabMachine({ name: "guest-1", kind: "guest" });
    bare = await treeOf(guest);
    await declare({ "guest-1": { connection: host.connectionTo(guest), vgpu: "desk-1" } });
  });
  afterAll(async () => {
    await Promise.all([host?.close(), guest?.stop()]);
  });

  it("is refused nothing and touched nowhere by a preview, which tells every step", async () => {
    const changes = await changesFromNow(guest);
    const preview = mustSucceed(await host.stack.preview());
    expect(preview.output).toMatch(
      /\d upload-package [\s\S]*\d block-nouveau [\s\S]*\d install-driver [\s\S]*\d REBOOT /,
    );
    expect(await changes()).toEqual([]);
  });

  it("gets its driver by DKMS and its license in one up", async () => {
    mustSucceed(await up());
    expect(await license()).toMatch(/: Licensed \(Expiry: /);
    expect(await mustRun(guest, "dkms status")).toMatch(/^nvidia\/.*: installed/);
    await unchanged();
  });

  it("has its license back after a reboot", async () => {
    await guest.reboot();
    await mustRun(guest, "until nvidia-smi -q | grep -q ': Licensed'; do sleep 1; done");
    await unchanged();
  });

  it("is the same machine through its guest agent as over SSH", async () => {
    const handle = await askAgent<number>(guest, "guest-file-open", {
      path: "/proc/sys/kernel/random/boot_id",
    });
    const read = await askAgent<{ "buf-b64": string }>(guest, "guest-file-read", { handle });
    expect(Buffer.from(read["buf-b64"], "base64").toString().trim()).toBe(await guest.bootId());
  });

  it("loses its license with its token, which the preview names and an up heals", async () => {
    await mustRun(guest, "rm /etc/nvidia/ClientConfigToken/*.tok; systemctl restart nvidia-gridd");
    await mustRun(guest, "until nvidia-smi -q | grep -q ': Unlicensed'; do sleep 1; done");
    const preview = mustSucceed(await host.stack.preview());
    expect(oneLine(preview.output)).toMatch(/licenseState *: "unlicensed[^"]*" => "licensed"/);
    mustSucceed(await up());
    expect(await license()).toMatch(/: Licensed \(Expiry: /);
    await unchanged();
  });

  it("is bare again once it is declared no more, file by file", async () => {
    await declare({});
    mustSucceed(await up());
    expect(differences(bare, await treeOf(guest))).toEqual([]);
  });
});
