import { VgpuError } from "../../model/errors.js";
import { lastLines } from "../../model/evidence.js";
import { triedInVain } from "./sudo-password.js";

/** What sudo said in place of starting our script. */
export interface SudoRefusal {
  readonly target: string;
  readonly user: string;
  readonly output: string;
  readonly hasPassword: boolean;
}

/** Returns the error of a sudo that did not start a script, with advice by what it said. */
export function noSudo({ target, user, output, hasPassword }: SudoRefusal): VgpuError {
  const known = refusals.find(
    ({ form, withPassword }) => form.test(output) && (withPassword ?? hasPassword) === hasPassword,
  );
  return new VgpuError({
    code: "VGPU_NO_SUDO",
    where: target,
    what: `${user} may not become root`,
    saw: `${lastLines(withoutScript(output)) || "no output"} (${hasPassword ? "sudo -S" : "sudo -n"})`,
    expected: "sudo that runs /bin/sh as root for this user",
    next: (known ?? { next: general }).next(user),
  });
}

/** sudo shows the command that it does not run, and ours is long. */
function withoutScript(output: string): string {
  return output.replace(/(execute '\/bin\/sh -c) [\s\S]*(' as \S+ on )/, "$1 …$2");
}

const wrongPassword = (user: string) =>
  `correct connection.sudoPassword: the password of ${user}, or of root where sudoers says rootpw or targetpw`;

const general = (user: string) =>
  `make "sudo -- /bin/sh -c id" work for ${user} on the machine, or log in as root`;

/** Source: the texts of sudo 1.8 to 1.9 and of sudo-rs 0.2 in the C locale. The first that fits counts. */
const refusals: readonly {
  readonly form: RegExp;
  readonly withPassword?: boolean;
  readonly next: (user: string) => string;
}[] = [
  {
    form: /must have a tty|tty is required/i,
    next: (user) =>
      `add the line "Defaults:${user} !requiretty" to /etc/sudoers.d on the machine (visudo), or log in as root`,
  },
  {
    form: /sudo: (command )?not found|no such file or directory/i,
    next: () => "install sudo on the machine, or log in as root",
  },
  {
    form: /(invalid|unknown|unrecognized|unexpected) (option|argument)/i,
    next: (user) =>
      `update sudo-rs on the machine to 0.2.5 or newer, or add "${user} ALL=(root) NOPASSWD: ALL" to /etc/sudoers.d there and leave connection.sudoPassword out`,
  },
  {
    form: /no new privileges|setuid|effective uid is not 0/i,
    next: () => "mend the sudo of the machine (it runs without the rights of root), or log in as root",
  },
  {
    form: /account or password is expired|account validation|account expired|change your password/i,
    next: (user) => `renew the account or its password on the machine (chage -l ${user} shows them)`,
  },
  {
    form: /not in the sudoers|is not allowed to|may not run|afraid I can't do that/i,
    next: (user) =>
      `add "${user} ALL=(root) ALL" to /etc/sudoers.d on the machine (visudo), or log in as root`,
  },
  {
    form: triedInVain,
    withPassword: true,
    next: wrongPassword,
  },
  {
    // sudo-rs 0.2.5 speaks of a token where it may not ask.
    form: /password is required|authentication is required|terminal is required|token manipulation/i,
    withPassword: false,
    next: (user) =>
      `set connection.sudoPassword, log in as root, or add "${user} ALL=(root) NOPASSWD: ALL" to /etc/sudoers.d on the machine`,
  },
  {
    form: /password/i,
    withPassword: true,
    next: wrongPassword,
  },
];
