import { VgpuError } from "../../model/errors.js";
import { lastLines } from "../../model/evidence.js";
import type { Answer } from "./answer.js";
import type { CommandContext } from "./exec-request.js";
import { noSudo } from "./sudo-failures.js";

/** A command of which nothing ran. */
interface NotRun {
  readonly name: string;
  readonly code: number;
}

/** Returns why a script did not begin, by what was said in its place: sudo's refusal, or an account that runs no commands. */
export function notRun(context: CommandContext, answer: Answer, { name, code }: NotRun): VgpuError {
  const { user, root, machine } = context;
  const { shell, sudo } = answer.said();
  if (root.by !== "login" && answer.reached)
    return noSudo({ target: machine.target, user, output: sudo, hasPassword: root.by === "sudo-password" });
  const said = [shell, answer.greeting()].filter((text) => text.trim() !== "").join("\n");
  const { cause, next } = causeOf(said, user);
  return new VgpuError({
    code: "VGPU_ACCOUNT",
    where: machine.target,
    what: `${user} logs in, and ${cause}`,
    saw: `exit code ${code}: ${lastLines(said) || "no output"} (login shell of ${user}, in place of ${name})`,
    expected: `an account whose login shell runs /bin/sh -c`,
    next,
    now: `${name} did not begin`,
  });
}

interface Cause {
  readonly cause: string;
  readonly next: string;
}

function causeOf(said: string, user: string): Cause {
  const known = causes.find(({ form }) => form.test(said));
  if (known !== undefined) return { cause: known.cause, next: known.next(user) };
  if (said.trim() === "")
    return {
      cause: "its login shell ran nothing",
      next: `look at the account's shell (getent passwd ${user}: /bin/false runs nothing), at ForceCommand in sshd_config (internal-sftp runs nothing) and at what its startup files end or start (.bashrc: exit, exec), or use another account`,
    };
  return {
    cause: "its login shell did not run our command",
    next: `look at what "ssh … 'exec /bin/sh -c id'" prints as ${user}, and mend what the lines above name in its login shell, or use another account`,
  };
}

const shellAdvice = (user: string) =>
  `give the account a shell (chsh -s /bin/bash ${user}), or use another account`;

/** Source: what login programs of Debian and RHEL, sshd and bash say, in the C locale. */
const causes: readonly { form: RegExp; cause: string; next: (user: string) => string }[] = [
  {
    form: /password has expired|password change required|change your password|password expired/i,
    cause: "has to set a new password first",
    next: (user) =>
      `log in as ${user} on a terminal and set one, or set it as root on the machine (passwd ${user})`,
  },
  {
    form: /account has expired/i,
    cause: "the account has expired",
    next: (user) => `renew it on the machine (chage -E -1 ${user}), or use another account`,
  },
  {
    form: /account is currently not available|not available|nologin/i,
    cause: "its shell is nologin",
    next: shellAdvice,
  },
  {
    form: /sftp/i,
    cause: "may only transfer files",
    next: () =>
      "take ForceCommand (internal-sftp) for this account out of sshd_config on the machine, or use another account",
  },
  {
    form: /restricted/i,
    cause: "its shell is a restricted one",
    next: shellAdvice,
  },
  {
    form: /no such file or directory|permission denied|not found/i,
    cause: "its login shell cannot start our command",
    next: (user) =>
      `look at the account's shell (getent passwd ${user}) and its startup files, at ForceCommand in sshd_config and at /bin/sh on the machine`,
  },
];
