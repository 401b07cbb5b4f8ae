import { describe, expect, it } from "vitest";
import { forwardedPort, type QemuMachine, qemuArguments } from "./qemu-arguments.js";

const machine: QemuMachine = {
  name: "one",
  memoryMiB: 1024,
  disk: "disk.qcow2",
  cards: "cards",
  slots: [],
  consoleLog: "console.log",
  sshPort: 0,
};

describe("qemuArguments", () => {
  it("never counts on hardware virtualization", () => {
    expect(qemuArguments(machine)).toContain("tcg");
    expect(qemuArguments(machine).join(" ")).not.toContain("kvm");
  });

  it("reads a frozen state whose path has blanks and quotes", () => {
    expect(qemuArguments(machine, "/a b/it's.zst").slice(-2)).toEqual([
      "-incoming",
      "exec:zstd -dcq < '/a b/it'\\''s.zst'",
    ]);
  });

  it("doubles the commas of a path, at which QEMU would end it", () => {
    expect(qemuArguments({ ...machine, consoleLog: "a,b" })).toContain("file,id=console,path=a,,b,append=on");
  });

  it("gives the port of a guest agent to guests alone", () => {
    expect(qemuArguments(machine).join(" ")).not.toContain("guest_agent");
    expect(qemuArguments({ ...machine, agentSocket: "agent.sock" }).join(" ")).toContain("guest_agent");
  });
});

describe("forwardedPort", () => {
  it("reads the port that the kernel chose", () => {
    const answer =
      "Hub -1 (net):\r\n  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r\n" +
      "  TCP[HOST_FORWARD]  12       127.0.0.1 44957       10.0.2.15    22     0     0\r\n";
    expect(forwardedPort(answer)).toBe(44957);
  });

  it("finds none where nothing is forwarded", () => {
    expect(forwardedPort("Hub -1 (net):\r\n")).toBeUndefined();
  });
});
