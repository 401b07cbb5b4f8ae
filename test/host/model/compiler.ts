import type { ToolHandler } from "../types.js";

/** Where a machine with a compiler has it; a machine without one must not have the real ones either. */
export const compilerPaths = ["/usr/bin/cc", "/usr/bin/gcc", "/usr/bin/make", "/usr/bin/ld"];

/** A compiler that is there and compiles nothing: the simulated installers ask for no more. */
export const compiler: ToolHandler = ({ tool }) => ({ code: 0, stdout: `${tool}: a stand-in\n` });
