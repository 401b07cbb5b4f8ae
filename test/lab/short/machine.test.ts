// What every other test of the lab stands on: machines that start from a frozen state in seconds, alike and apart.
import { afterAll, beforeAll, expect, it } from "vitest";
import type { LabMachine } from "../../../tools/lab/vm/lab-machine.js";
import { startLabMachine } from "../../../tools/lab/vm/start.js";

let one: LabMachine | undefined;
let other: LabMachine | undefined;

beforeAll(async () => {
  one = await startLabMachine({ name: "one", kind: "mtty" });
  other = await startLabMachine({ name: "other", kind: "mtty" });
});

afterAll(async () => {
  await Promise.all([one?.stop(), other?.stop()]);
});

/** The machines, both started. */
function both(): { readonly one: LabMachine; readonly other: LabMachine } {
  if (one === undefined || other === undefined) throw new Error("the machines did not start");
  return { one, other };
}

it("keeps what one machine writes from the other", async () => {
  const { one, other } = both();
  await one.writeFile("/root/mine", "mine\n", 0o600);
  expect(await one.readFile("/root/mine")).toBe("mine\n");
  expect(await other.readFile("/root/mine")).toBeUndefined();
});

it("sets the clock of a machine that was frozen", async () => {
  const seconds = Number((await both().one.expect("date +%s")).trim());
  expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(30);
});

it("gives exit code and both outputs of a command, and hands it its input", async () => {
  const { one } = both();
  const result = await one.shell("cat; echo said >&2; exit 3", { stdin: "read" });
  expect(result).toEqual({ code: 3, stdout: "read", stderr: "said\n" });
});

it("lets admin in, who becomes root without a password", async () => {
  const { stdout } = await both().one.shell("id -un; sudo -n id -un", { user: "admin" });
  expect(stdout).toBe("admin\nroot\n");
});

it("boots again after a reset, at the same address and with its disk", async () => {
  const { other } = both();
  const { address } = other;
  await other.writeFile("/root/kept", "kept\n");
  const before = await other.bootId();
  await other.reboot();
  expect(await other.bootId()).not.toBe(before);
  expect(other.address).toEqual(address);
  expect(await other.readFile("/root/kept")).toBe("kept\n");
  expect(other.poweredOn).toBe(true);
});

it("stays off once it was powered off from inside", async () => {
  const { other } = both();
  await other.shell("systemctl poweroff").catch(() => undefined);
  await other.waitUntilOff();
  expect(other.poweredOn).toBe(false);
  await expect(other.shell("true")).rejects.toThrow(/it is off|ECONNREFUSED/);
});
