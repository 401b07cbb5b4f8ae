/** Where the kernel's `/proc/1/ns/pid` leads on a machine that is no container. */
export const firstNamespace = "pid:[4026531836]";

/** What the kernel writes to `/proc/<pid>/stat`: name, state and how many threads there are are the parts that count. */
export function statLine(pid: number, comm: string, { state = "S", threads = 1 } = {}): string {
  return `${pid} (${comm}) ${state} 1 ${pid} ${pid} 0 -1 4227084 3036 6504 1 0 4 1 3 0 20 0 ${threads} 0 3824669 0 0\n`;
}
