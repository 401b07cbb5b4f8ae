/** Leaves node_modules as package-lock.json says, with our own package linked into it. */
export function installDependencies(root: string): Promise<void>;

/** Whether npm itself, called by hand, has left what package-lock.json names: it notes what it installed. */
export function isInstalledByHand(root: string): boolean;
