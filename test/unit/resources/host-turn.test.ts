import { afterEach, beforeEach, expect, it } from "vitest";
import { counted } from "../../../provider/resources/engine-load.js";
import { expectAgain, expectNoMore } from "../../../provider/resources/expected-vgpus.js";
import { inHostTurn } from "../../../provider/resources/host-turn.js";
import { hostView } from "../../../provider/resources/machine-view.js";
import { closeAllSessions } from "../../../provider/transport/session.js";
import { SshFixture } from "../transport/ssh-fixture.js";

let machine: SshFixture;
beforeEach(async () => {
  machine = new SshFixture();
  await machine.startAsHost();
});
afterEach(async () => {
  await closeAllSessions();
  await machine.stop();
});

/** One call of the engine for a vGPU that is as declared, alone on its GPU. */
function turnOf(name: string): Promise<unknown> {
  const named = { owner: "infra/dev", host: "kvm1", name };
  expectNoMore(named);
  const plan = () => ({ steps: [], refusals: [] });
  const call = { ...named, label: `kvm1 ${name}`, journals: [], plan, vgpus: [named], isRemoval: false };
  return inHostTurn(hostView(machine.connection()), call, async () => {});
}

it("a host's lock is kept for a vGPU of another of its GPUs that was checked, while the engine is at work", async () => {
  expectAgain({ owner: "infra/dev", host: "kvm1", name: "desk-2" });
  await counted("operations", async () => {
    await turnOf("desk-1");
    await counted("operations", async () => {});
    await turnOf("desk-2");
  });
  const names = machine.commands.map((text) => /pulumi-vgpu:[a-z-]+/.exec(text)?.[0]);
  expect(names).toEqual(["pulumi-vgpu:hold-lock", "pulumi-vgpu:observe-host"]);
});
