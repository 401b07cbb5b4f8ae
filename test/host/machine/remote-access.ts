// Who may log in, what was run, what goes wrong: the machine as seen over SSH.
import { appendFileSync } from "node:fs";
import type { ServerChannel } from "ssh2";
import type { Machine, MachineOptions } from "../types.js";
import { Faults } from "./faults.js";
import type { CommandRecord, MachineCounters, NetworkState } from "./protocol.js";
import { calledScript } from "./shell-words.js";
import { SshEnd, type SshHost, type SshLink } from "./ssh-end.js";
import { type SessionHost, serveCommand } from "./ssh-session.js";

const HOMES: Record<string, string> = { root: "/root", admin: "/home/admin" };

const freshCounters = (): MachineCounters => ({
  connections: 0,
  openConnections: 0,
  channels: 0,
  openChannels: 0,
  maxOpenChannels: 0,
  refusedChannels: 0,
  forwards: 0,
  boots: 0,
});

/** The machine behind the SSH end. */
export interface ReachedMachine
  extends Pick<Machine, "name" | "readFile" | "writeFile" | "exists" | "reboot"> {
  readonly options: MachineOptions;
  spawnShell: SessionHost["spawnShell"];
}

export class RemoteAccess implements SshHost {
  readonly counters = freshCounters();
  readonly commands: CommandRecord[] = [];
  readonly faults = new Faults();
  /** Awaited after each command and before its result is sent. */
  onCommand: ((record: CommandRecord) => Promise<void>) | undefined;
  readonly portOf: (host: string, port: number) => number;
  private readonly machine: ReachedMachine;
  private readonly ssh: SshEnd;
  private up = false;
  private number = 0;

  constructor(machine: ReachedMachine, portOf: (host: string, port: number) => number) {
    this.machine = machine;
    this.portOf = portOf;
    this.ssh = new SshEnd(this);
    this.publishHostKey();
  }

  get port(): number {
    return this.ssh.port;
  }

  get hostKey(): string {
    return this.ssh.hostKey;
  }

  /** Finds the port the machine keeps for its life. */
  async reservePort(): Promise<void> {
    await this.ssh.listen();
    await this.ssh.shut();
  }

  async open(): Promise<void> {
    this.up = true;
    await this.ssh.listen();
  }

  async shut(): Promise<void> {
    this.up = false;
    await this.ssh.shut();
  }

  cut(): void {
    this.ssh.cutAll();
  }

  setNetwork(state: NetworkState): Promise<void> {
    return this.ssh.setNetwork(state, this.up);
  }

  rotateHostKey(): string {
    const key = this.ssh.rotateHostKey();
    this.publishHostKey();
    return key;
  }

  /** Counts from zero, and an empty command log; what is open stays counted as open. */
  resetCounters(): void {
    const { openConnections, openChannels } = this.counters;
    Object.assign(this.counters, freshCounters(), {
      openConnections,
      openChannels,
      maxOpenChannels: openChannels,
    });
    this.commands.length = 0;
  }

  allowedKey(user: string, algorithm: string, blob: Buffer): boolean {
    const home = HOMES[user];
    if (home === undefined) return false;
    const offered = `${algorithm} ${blob.toString("base64")}`;
    const file = this.machine.readFile(`${home}/.ssh/authorized_keys`) ?? "";
    return [...(this.machine.options.authorizedKeys ?? []), ...file.split("\n")].some((line) =>
      line.includes(offered),
    );
  }

  allowedPassword(user: string, password: string): boolean {
    return HOMES[user] !== undefined && this.machine.options.passwords?.[user] === password;
  }

  refusesChannel(): boolean {
    return this.faults.nextChannelRefused();
  }

  session(
    channel: ServerChannel,
    { command, user, connection }: { command: string; user: string; connection: SshLink },
  ): void {
    const { name, args, sudo } = calledScript(command);
    const record: CommandRecord = {
      number: ++this.number,
      user,
      command,
      name,
      args,
      sudo,
      startedAt: Date.now(),
      bytesIn: 0,
      bytesOut: 0,
      outcome: "running",
    };
    this.commands.push(record);
    logScripts(command);
    const cut = () => connection.cut();
    serveCommand(
      channel,
      { record, fault: this.faults.next(name), cut },
      {
        spawnShell: (text, as) => this.machine.spawnShell(text, as),
        finished: async (ended) => this.onCommand?.(ended),
        exists: (path) => this.machine.exists(path),
        losePower: () => this.machine.reboot("power-loss"),
        restart: () => this.machine.reboot("reboot"),
      },
    );
  }

  /** Waits `least` ms, then until no command runs, no longer than `most` ms in all. */
  async quiet({ least, most }: { least: number; most: number }): Promise<void> {
    const begun = Date.now();
    const running = () => this.commands.some(({ outcome }) => outcome === "running");
    do await new Promise((wake) => setTimeout(wake, least));
    while (running() && Date.now() - begun < most);
  }

  private publishHostKey(): void {
    this.machine.writeFile(
      "/etc/ssh/ssh_host_ed25519_key.pub",
      `${this.hostKey} root@${this.machine.name}\n`,
    );
  }
}

/** Notes which of our scripts a command runs, that of a job it prepares too, where somebody wants to know. */
function logScripts(command: string): void {
  const log = process.env.SIMULATOR_SCRIPT_LOG;
  if (log === undefined) return;
  const names = [...command.matchAll(/\bpulumi-vgpu:([a-z-]+)/g)].map((match) => match[1]);
  appendFileSync(log, `${names.join("\n")}\n`);
}
