import { afterEach, beforeEach, expect, it } from "vitest";
import { hostScript } from "../../../provider/observe/read-script.js";
import { externalCommands } from "../docs/shell-commands.js";
import { pciBus, SmallHost } from "./small-host.js";

let machine: SmallHost;
beforeEach(() => {
  machine = new SmallHost();
});
afterEach(() => machine.remove());

/** Lets the look find GPUs, each with functions that carry types, and counts the programs that it starts. */
function startedWith(gpus: number): Record<string, number> {
  for (let n = 0; n < gpus; n++) {
    const address = `0000:${(0x3b + n).toString(16)}:00.0`;
    machine.bind(machine.device(address));
    for (const index of [0, 1]) {
      const at = machine.device(address.replace(/0$/, String(index + 4)));
      machine.link(machine.at(`${pciBus}/${address}`), `${at}/physfn`);
      machine.link(machine.at(at), `${pciBus}/${address}/virtfn${index}`);
      machine.offer(at);
    }
  }
  for (const name of externalCommands([hostScript()])) machine.program(name, `exec /usr/bin/${name} "$@"`);
  machine.facts();
  const started: Record<string, number> = {};
  for (const call of machine.calls()) {
    const name = call.split(" ")[0] ?? "";
    started[name] = (started[name] ?? 0) + 1;
  }
  return started;
}

it("a look at a host starts as many programs for eight GPUs as for one", () => {
  const one = startedWith(1);
  machine.remove();
  machine = new SmallHost();
  expect(startedWith(8)).toEqual(one);
  expect(one).toEqual({ find: 4, grep: 3, head: 1, id: 3, mdevctl: 1, sed: 3, timeout: 1 });
});
