// Becoming root.
import { expect } from "vitest";
import type { Contract } from "../contract.js";
import { anyMachine } from "../look.js";

const needs = anyMachine;
const on = (facts: { sudoer?: string }) => facts.sudoer !== undefined;
const announce = "printf '%s\\n' started >&2; id -u; cat";

/** What becoming root relies on. */
export const sudoContracts: readonly Contract[] = [
  {
    id: "sudo/without-asking",
    relies: "sudo",
    needs,
    on,
    title: "-n runs a shell as root for who may, and leaves standard input to it",
    check: async (bed) => {
      const line = `sudo -n -- /bin/sh -c '${announce.replaceAll("'", `'"'"'`)}'`;
      const result = await bed.shellAs(bed.facts.sudoer ?? "", line, "input\n");
      expect(result).toEqual({ code: 0, stdout: "0\ninput\n", stderr: "started\n" });
    },
  },
  {
    id: "sudo/unread-password",
    relies: "sudo",
    needs,
    on,
    title: "-k -S -p '' leaves a password that it does not need on standard input",
    check: async (bed) => {
      const line = `sudo -k -S -p '' -- /bin/sh -c '${announce.replaceAll("'", `'"'"'`)}'`;
      const result = await bed.shellAs(bed.facts.sudoer ?? "", line, "password\ninput\n");
      expect(result).toEqual({ code: 0, stdout: "0\npassword\ninput\n", stderr: "started\n" });
    },
  },
];
