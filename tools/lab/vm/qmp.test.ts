import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { Qmp } from "./qmp.js";

/** The far end of the protocol: answers each command by what `answer` gives, and keeps what was asked. */
async function openTo(answer: (command: string) => unknown) {
  const input = new PassThrough();
  const output = new PassThrough();
  const asked: string[] = [];
  input.setEncoding("utf8").on("data", (text: string) => {
    for (const line of text.trim().split("\n")) {
      const { execute, id } = JSON.parse(line) as { execute: string; id: number };
      asked.push(execute);
      output.write(`${JSON.stringify({ ...(answer(execute) as object), id })}\r\n`);
    }
  });
  const opening = Qmp.open(input, output);
  output.write('{"QMP": {"version": {}, "capabilities": []}}\r\n');
  return { qmp: await opening, asked, output };
}

describe("Qmp", () => {
  it("lets a machine run only once its frozen state is read: said before, it would be lost", async () => {
    const states = ["inmigrate", "inmigrate", "paused", "running"];
    const { qmp, asked } = await openTo((command) =>
      command === "query-status" ? { return: { status: states.shift() } } : { return: {} },
    );
    await qmp.resume();
    expect(asked.slice(1)).toEqual(["query-status", "query-status", "query-status", "cont", "query-status"]);
  });

  it("gives up on a frozen state that QEMU does not come to the end of", async () => {
    const { qmp } = await openTo(() => ({ return: { status: "inmigrate" } }));
    await expect(qmp.resume(50)).rejects.toThrow("the frozen state is not read after 0.05 s");
  });

  it("tells why QEMU refuses", async () => {
    const { qmp } = await openTo((command) =>
      command === "migrate" ? { error: { class: "GenericError", desc: "no space" } } : { return: {} },
    );
    await expect(qmp.migrate("exec:true")).rejects.toThrow("QEMU refuses migrate: no space");
  });

  it("tells a reset from a power-off", async () => {
    const { qmp, output } = await openTo(() => ({ return: {} }));
    const tell = async (reason: string) => {
      output.write(`${JSON.stringify({ event: "SHUTDOWN", data: { guest: true, reason } })}\r\n`);
      await qmp.execute("query-status");
      return qmp.reset;
    };
    expect(qmp.shutDown).toBe(false);
    expect(await tell("guest-shutdown")).toBe(false);
    expect(qmp.shutDown).toBe(true);
    expect(await tell("guest-reset")).toBe(true);
    expect(await tell("host-qmp-system-reset")).toBe(true);
  });

  it("fails what is asked after QEMU has ended", async () => {
    const { qmp, output } = await openTo(() => ({ return: {} }));
    output.destroy();
    await new Promise((resolve) => output.once("close", resolve));
    await expect(qmp.execute("stop")).rejects.toThrow("QEMU has ended: it cannot run stop");
  });
});
