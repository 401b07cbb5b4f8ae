import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { toolCache } from "../../paths.js";
import { runProgram } from "../../run-program.js";
import type { ManyHosts } from "./many-hosts.js";

/** Ansible from PyPI, in a folder of its own. */
const folder = path.join(toolCache, "ansible");
const version = "ansible-core>=2.19,<2.20";

/** How people make vGPUs by Ansible: a task that defines and starts one where it is not there yet. */
const playbook = `- hosts: all
  gather_facts: false
  tasks:
    - name: vGPU
      ansible.builtin.shell:
        cmd: mdevctl define -u {{ item.uuid }} -p {{ item.parent }} -t {{ vgpu_type }} && mdevctl start -u {{ item.uuid }}
        creates: /sys/bus/mdev/devices/{{ item.uuid }}
      loop: "{{ vgpus }}"
      loop_control:
        label: "{{ item.uuid }}"
`;

const settings = (known: string) => `[defaults]
forks = 50
host_key_checking = True
retry_files_enabled = False
interpreter_python = auto_silent
[ssh_connection]
pipelining = True
ssh_args = -F /dev/null -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=${known}
`;

/** Installs Ansible where it is not there yet; \`undefined\` where there is no python3 with venv. */
export async function provideAnsible(): Promise<string | undefined> {
  const program = path.join(folder, "bin", "ansible-playbook");
  if (existsSync(program)) return program;
  if (spawnSync("python3", ["-m", "venv", folder], { stdio: "ignore" }).status !== 0) return undefined;
  const installed = await runProgram(path.join(folder, "bin", "pip"), ["install", "-q", version]);
  return installed === 0 ? program : undefined;
}

/** Writes the playbook for these hosts; returns what runs it and gives its seconds. */
export function ansibleFor(program: string, { hosts, folder: place }: ManyHosts): () => number {
  const own = path.join(place, "ansible");
  mkdirSync(own, { recursive: true });
  const write = (name: string, text: string) => {
    writeFileSync(path.join(own, name), text);
    return path.join(own, name);
  };
  const known = write(
    "known_hosts",
    hosts.map(({ connection }) => `[${connection.host}]:${connection.port} ${connection.hostKey}\n`).join(""),
  );
  const all = Object.fromEntries(
    hosts.map(({ name, connection, places, typeFolder }) => [
      name,
      {
        ansible_host: connection.host,
        ansible_port: connection.port,
        ansible_user: connection.user,
        ansible_ssh_private_key_file: connection.privateKeyPath,
        vgpu_type: typeFolder,
        vgpus: places,
      },
    ]),
  );
  const inventory = write("inventory.json", JSON.stringify({ all: { hosts: all } }));
  const book = write("vgpus.yml", playbook);
  const env = { ...process.env, ANSIBLE_CONFIG: write("ansible.cfg", settings(known)), HOME: own };
  return () => {
    const started = performance.now();
    const ran = spawnSync(program, ["-i", inventory, book], { env, encoding: "utf8", maxBuffer: 2 ** 28 });
    if (ran.status !== 0)
      throw new Error(`ansible-playbook ended with ${ran.status}:\n${ran.stdout.slice(-4000)}${ran.stderr}`);
    return (performance.now() - started) / 1000;
  };
}
