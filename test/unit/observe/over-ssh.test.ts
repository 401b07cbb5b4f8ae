import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname, release } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { observeGuest } from "../../../provider/observe/observe-guest.js";
import { observeHost } from "../../../provider/observe/observe-host.js";
import { observePackage } from "../../../provider/observe/observe-package.js";
import { runObservation } from "../../../provider/observe/run-observation.js";
import { closeAllSessions, type Session, sessionFor } from "../../../provider/transport/session.js";
import { SshFixture } from "../transport/ssh-fixture.js";

let machine: SshFixture;
let session: Session;
beforeEach(async () => {
  machine = new SshFixture();
  await machine.start();
  session = sessionFor(machine.connection());
});
afterEach(async () => {
  await closeAllSessions();
  await machine.stop();
});

describe("a look at a machine", () => {
  beforeEach(() => {
    const programs = {
      systemctl:
        "for unit; do case $unit in *.service) printf 'LoadState=loaded\\nActiveState=active\\n\\n' ;; esac; done",
      modinfo: "exit 1",
      mdevctl: "echo '[]'",
      "dpkg-query": "exit 0",
    };
    mkdirSync(join(machine.root, "run/systemd/system"), { recursive: true });
    for (const [name, text] of Object.entries(programs)) machine.standIn(name, `#!/bin/sh\n${text}\n`);
  });

  it.each([
    [
      "host",
      observeHost,
      ["nvidia-vgpud.service", "nvidia-vgpu-mgr.service", "libvirtd.service", "pulumi-vgpu.service"],
    ],
    ["guest", observeGuest, ["nvidia-gridd.service"]],
  ] as const)(
    "is one round trip that says what it is and asks for its services: a %s",
    async (side, observe, services) => {
      const facts = await observe(session);
      expect(facts).toMatchObject({ hostname: hostname(), kernel: release(), bootId: "boot-1" });
      expect(Object.keys(facts.services)).toEqual(services);
      expect(facts.manifest.owner).toBeNull();
      expect(session.counters().roundTrips).toBe(1);
      expect(machine.commands).toEqual([expect.stringContaining(`pulumi-vgpu:observe-${side}`)]);
    },
  );
});

describe("a look that does not come to its end", () => {
  it("is told with what the machine's shell said of it", async () => {
    machine.standIn("uname", "#!/bin/sh\necho 'sh: 0: Cannot fork' >&2\nkill -TERM $PPID\n");
    const look = await observeHost(session).catch((error: Error) => error.message.split("\n"));
    expect(look).toEqual([
      `VGPU_PROTOCOL ${session.target}: cannot observe the host`,
      expect.stringMatching(
        /^Saw: exit code 143: sh: 0: Cannot fork \(observe-host\); \d+ characters that end with "/,
      ),
      'Expected: fact lines that end with "end host"',
      "Next: mend on the machine what its /bin/sh says there, then run again",
    ]);
  });
});

describe("the look at a file", () => {
  it("says what it is: its hash, its size, how it begins, and the lines that name a product", async () => {
    const text = '#!/bin/sh\nlabel="NVIDIA"\nother=1\ntargetdir=x\n';
    const path = join(machine.root, "it's a package.run");
    writeFileSync(path, text);
    expect(await observePackage(session, path)).toEqual({
      sha256: createHash("sha256").update(text).digest("hex"),
      bytes: text.length,
      head: {
        firstBytes: Buffer.from(text.slice(0, 8)).toString("hex"),
        headerLines: ['label="NVIDIA"', "targetdir=x"],
      },
    });
    expect(session.counters().roundTrips).toBe(1);
    expect(machine.commands).toEqual([expect.stringContaining("pulumi-vgpu:look-at-package")]);
  });

  it("finds none where none is, and takes a folder for none", async () => {
    expect(await observePackage(session, join(machine.root, "none"))).toBeNull();
    expect(await observePackage(session, machine.root)).toBeNull();
  });
});

describe("a script that only looks", () => {
  let runs: string;
  beforeEach(() => {
    runs = join(machine.root, "runs");
  });
  const looking = (end: string) =>
    runObservation(session, {
      name: "look-once",
      text: `echo run >> '${runs}'; n=$(wc -l < '${runs}'); echo "facts $n"; ${end}`,
    }).then(({ stdout }) => stdout);
  const timesRun = () => (existsSync(runs) ? readFileSync(runs, "utf8").split("\n").length - 1 : 0);

  it.each([0, 1, 127])("is run once, whatever it says of itself: exit code %i", async (code) => {
    expect(await looking(`exit ${code}`)).toBe("facts 1\n");
    expect(timesRun()).toBe(1);
  });

  it("is run again when it is killed", async () => {
    expect(await looking('[ "$n" = 3 ] || kill -9 $$')).toBe("facts 3\n");
    expect(timesRun()).toBe(3);
  });

  it("gives what it printed last when it is killed three times", async () => {
    expect(await looking("kill -9 $$")).toBe("facts 3\n");
    expect(timesRun()).toBe(3);
  });

  it("is run again when the connection is lost under it", async () => {
    machine.cut.push("look-once", "look-once");
    expect(await looking("exit 0")).toBe("facts 3\n");
    expect(timesRun()).toBe(3);
  });

  it("fails with the loss when the connection is lost three times", async () => {
    machine.cut.push("look-once", "look-once", "look-once", "look-once");
    await expect(looking("exit 0")).rejects.toMatchObject({ code: "VGPU_UNREACHABLE" });
    expect(timesRun()).toBe(3);
  });

  it("is not run again when it prints without end", async () => {
    await expect(looking("head -c 17000000 /dev/zero")).rejects.toMatchObject({ code: "VGPU_PROTOCOL" });
    expect(timesRun()).toBe(1);
  });

  it("is not run again on a machine that refuses the login", async () => {
    machine.refuseLogins = true;
    await expect(session.exec({ script: { name: "look-once", text: "exit 0" } })).rejects.toThrow();
    const logins = machine.logins.length;
    await expect(looking("exit 0")).rejects.toMatchObject({ code: "VGPU_LOGIN" });
    expect(machine.logins).toHaveLength(2 * logins);
  });

  it("waits once for a machine that cannot be reached, as long as its session says", async () => {
    const waits: number[] = [];
    const onWait = (elapsedMs: number) => waits.push(elapsedMs);
    session = sessionFor(machine.connection(), { deadlineMs: 700, onWait });
    await machine.powerOff();
    await expect(looking("exit 0")).rejects.toMatchObject({ code: "VGPU_UNREACHABLE" });
    expect(waits.length).toBeGreaterThan(0);
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    await machine.start(machine.port);
  });
});
