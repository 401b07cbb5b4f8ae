import { VgpuError } from "../../model/errors.js";
import { markBeyond } from "./beyond.js";

/** Whether a key exchange ended since the two sides have no algorithm in common. Source: the words of ssh2 and of OpenSSH. */
export function lacksAlgorithm(text: string): boolean {
  return /no matching .* (?:found|format|algorithm|cipher|MAC|method)/i.test(text);
}

const settings = "KexAlgorithms, HostKeyAlgorithms, Ciphers, MACs";

/** The machine offers no algorithm that the library has; OpenSSH has more of them. @param saw as the library says it */
export function lacksForLibrary(target: string, saw: string): VgpuError {
  const missing = saw.replace(/^Handshake failed: /, "");
  const error = noAlgorithm(target, {
    saw: `${missing} (SSH key exchange)`,
    next: `let the machine's sshd take one more (${settings} in its sshd_config), or leave connection.transport out, with OpenSSH's client installed here and a key that it finds itself`,
  });
  markBeyond(error, [`the machine's SSH algorithms (${missing})`]);
  return error;
}

/** The machine offers no algorithm that we let OpenSSH use. @param saw as OpenSSH says it */
export function lacksForOpenSsh(target: string, saw: string): VgpuError {
  return noAlgorithm(target, {
    saw: `${saw} (ssh)`,
    next: `let the machine's sshd take one that does without SHA-1 and MD5 (${settings} in its sshd_config), and look at these settings in ~/.ssh/config`,
  });
}

function noAlgorithm(target: string, { saw, next }: { saw: string; next: string }): VgpuError {
  return new VgpuError({
    code: "VGPU_UNREACHABLE",
    where: target,
    what: "the machine's SSH server and this side have no algorithm in common",
    saw,
    expected: "one for each of key exchange, host key, cipher and MAC, none of which rests on SHA-1",
    next,
  });
}
