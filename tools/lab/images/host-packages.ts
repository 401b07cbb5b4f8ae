import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Debian packages that building images and running machines needs, each with what of it is used. */
export const hostPackages: Readonly<Record<string, string>> = {
  debootstrap: "makes the trees of the images",
  "debian-archive-keyring": "verifies Debian's packages",
  "ca-certificates": "verifies a mirror reached by https",
  e2fsprogs: "mke2fs fills the disks",
  "grub-common": "grub-mkimage",
  "grub-pc-bin": "the boot loader of the disks",
  "util-linux": "unshare, setpriv",
  "xz-utils": "unpacks the kernel's source",
  zstd: "packs trees and the memory of frozen machines",
  "qemu-system-x86": "runs the machines",
  "qemu-utils": "qemu-img",
  "openssh-client": "logs in to a machine by hand",
  makeself: "packs the vendor's .run",
};

/** The names among `packages` that the answer of dpkg-query does not call installed. */
export function missingPackages(packages: readonly string[], answer: string): string[] {
  const installed = new Set(
    answer
      .split("\n")
      .flatMap((line) => (line.startsWith("installed ") ? [line.slice("installed ".length)] : [])),
  );
  return packages.filter((name) => !installed.has(name));
}

/** What of hostPackages is not installed here. @throws where there is no dpkg */
export function missingHostPackages(): string[] {
  if (!existsSync("/usr/bin/dpkg-query")) {
    throw new Error(
      "The lab's machines are made of Debian packages by Debian's tools, and this machine has no dpkg.\n" +
        "Next: run this on Debian 12 or later, or a distribution that derives from it; a virtual machine will do.",
    );
  }
  const names = Object.keys(hostPackages);
  // Exits with 1 when it does not know one of them, and answers for the others.
  const asked = spawnSync("dpkg-query", ["-W", "-f", "${db:Status-Status} ${Package}\n", ...names], {
    encoding: "utf8",
  });
  return missingPackages(names, asked.stdout);
}

/** Installs what is missing. @throws in a plain sentence where that takes another user */
export function installHostPackages(): void {
  const missing = missingHostPackages();
  if (missing.length === 0) return;
  const command = `apt-get install --no-install-recommends ${missing.join(" ")}`;
  if (process.getuid?.() !== 0) {
    throw new Error(
      `The lab needs packages that are not installed, and this is not root.\nNext, as root: ${command}`,
    );
  }
  console.log(`Installing ${missing.join(", ")} ...`);
  const options = {
    stdio: ["ignore", "ignore", "inherit"] as ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  };
  execFileSync("apt-get", ["-q", "update"], options);
  execFileSync("apt-get", ["-q", "-y", "install", "--no-install-recommends", ...missing], options);
}
