import path from "node:path";

/** The folder of this repository. */
export const repositoryRoot = path.dirname(__dirname);

/** What the tools write and may lose at any time; git ignores it. */
export const toolCache = path.join(repositoryRoot, ".cache");
