import { execFileSync } from "node:child_process";

/** Where packages come from; nothing of it is written into this repository. */
export interface Mirrors {
  /** Of the archive: has a folder dists/bookworm. */
  readonly archive: string;
  /** Of security updates: has a folder dists/bookworm-security. */
  readonly security: string;
}

/** What apt is asked for; parseMirrors() reads the answer. */
export const mirrorFormat = "$(CREATED_BY)|$(ORIGIN)|$(LABEL)|$(REPO_URI)";

/**
 * The mirrors of Debian in the answer of `apt-get indextargets`, whatever release this machine runs: a mirror has them
 * all. Undefined: none there.
 */
export function parseMirrors(answer: string): Partial<Mirrors> {
  const rows = answer.split("\n").map((line) => line.split("|"));
  const first = (label: string) =>
    rows.find(
      ([by, origin, itsLabel]) => by === "Packages" && origin === "Debian" && itsLabel === label,
    )?.[3];
  const archive = first("Debian");
  const security = first("Debian-Security");
  return { ...(archive ? { archive } : {}), ...(security ? { security } : {}) };
}

/** The mirrors this machine's apt uses, or those of VGPU_LAB_MIRROR and VGPU_LAB_SECURITY_MIRROR. */
export function findMirrors(environment: NodeJS.ProcessEnv = process.env): Mirrors {
  const { VGPU_LAB_MIRROR: archive, VGPU_LAB_SECURITY_MIRROR: security } = environment;
  if (archive && security) return { archive, security };
  const seen = parseMirrors(
    execFileSync("apt-get", ["indextargets", "--format", mirrorFormat], { encoding: "utf8" }),
  );
  const found = { ...seen, ...(archive ? { archive } : {}), ...(security ? { security } : {}) };
  if (found.archive === undefined || found.security === undefined) {
    throw new Error(
      `This machine's apt knows ${found.archive ? "no mirror of Debian's security updates" : "no mirror of Debian"}, ` +
        "and the lab's machines are made of Debian's packages.\n" +
        "Next: set VGPU_LAB_MIRROR (a URL with dists/bookworm below it) and VGPU_LAB_SECURITY_MIRROR " +
        "(one with dists/bookworm-security), or run apt-get update first.",
    );
  }
  return { archive: found.archive, security: found.security };
}
