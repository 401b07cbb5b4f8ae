import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import path from "node:path";
import { cacheKey, labCache } from "../cache.js";
import {
  diskMiB,
  findImage,
  imageFolder,
  isWhole,
  type LabImage,
  type LabRelease,
  packagesOf,
  useImage,
  writePackages,
} from "./image-store.js";
import type { Mirrors } from "./mirrors.js";
import { keyring, newerPackages, securityOf } from "./package-versions.js";
import type { Recipe } from "./recipes.js";
import { Stages } from "./stage.js";

const rooms = path.join(__dirname, "rooms");
const hardware = path.join(__dirname, "..", "hardware");
const grubFolder = "/usr/lib/grub/i386-pc";

/** Rooms a whole Debian with its packages passes through; what follows is quick. */
const systemParts = ["rooms/bootstrap.sh", "rooms/enter.sh", "rooms/packages.sh", "root/before"];
const systemExtras = ["rooms/kernels.sh", "rooms/kernel-update.sh", "rooms/mtty.sh"];
const imageParts = [
  "rooms/kernels.sh",
  "rooms/hardware.sh",
  "rooms/configure.sh",
  "rooms/disk.sh",
  "root/after",
  "mke2fs.conf",
];

/** What an image is made of: a key of the Debian with its packages, one of the whole, and the packages. */
export interface ImageKeys {
  readonly system: string;
  readonly image: string;
  readonly versions: readonly string[];
}

/** `versions`: the packages as apt resolves them. */
export function imageKeys(recipe: Recipe, versions: readonly string[]): ImageKeys {
  const extras = recipe.kernelUpdate || recipe.mtty ? systemExtras : [];
  const parts = [...systemParts, ...extras].map((part) => path.join(__dirname, part));
  const system = cacheKey([JSON.stringify(recipe), ...versions, ...parts.flatMap(contents)]);
  const own = [...imageParts.map((part) => path.join(__dirname, part)), hardware];
  return { system, image: cacheKey([system, `${diskMiB}`, ...own.flatMap(contents)]), versions };
}

/** Builds the image of these keys, unless it is there, and lets machines start from it. */
export async function buildImage(recipe: Recipe, keys: ImageKeys, mirrors: Mirrors): Promise<LabImage> {
  const { release } = recipe;
  const folder = imageFolder(release, keys.image);
  if (!isWhole(folder)) {
    console.log(`${release}: ${whyBuilt(release, keys, folder)}`);
    rmSync(folder, { recursive: true, force: true });
    // Their disks stand on this one's blocks, and no two builds lay them alike.
    rmSync(path.join(labCache(), "states", keys.image), { recursive: true, force: true });
    await new Build(recipe, keys, mirrors).run(folder);
  }
  useImage(release, keys.image);
  const image = findImage(release);
  if (image === undefined)
    throw new Error(`${folder} was built, and is not whole: it lost its disk or its keys.`);
  return image;
}

function whyBuilt(release: LabRelease, { versions }: ImageKeys, folder: string): string {
  if (existsSync(folder)) return `${folder} is damaged, another one is built`;
  const before = findImage(release);
  if (before === undefined) return "no image yet, it is built";
  const packages = packagesOf(before);
  if (packages === undefined) return "another image is built: an older checkout made the one that is there";
  return `another image is built: ${newerPackages(packages, versions)}`;
}

class Build {
  private readonly work: string;
  private readonly root: string;
  private readonly stages: Stages;
  private readonly packed: string;

  constructor(
    private readonly recipe: Recipe,
    private readonly keys: ImageKeys,
    private readonly mirrors: Mirrors,
  ) {
    const { release } = recipe;
    this.work = path.join(labCache(), "build", release);
    this.root = path.join(this.work, "root");
    this.stages = new Stages(release, path.join(labCache(), "logs", release));
    this.packed = path.join(labCache(), "systems", `${release}-${keys.system}.tar.zst`);
  }

  async run(folder: string): Promise<void> {
    this.clear();
    try {
      if (!(await this.unpackedSystem())) await this.makeSystem();
      await this.makeImage();
      writePackages(path.join(this.work, "image"), this.keys.versions);
      mkdirSync(path.dirname(folder), { recursive: true });
      renameSync(path.join(this.work, "image"), folder);
    } finally {
      rmSync(this.work, { recursive: true, force: true });
    }
  }

  private clear(): void {
    rmSync(this.work, { recursive: true, force: true });
    mkdirSync(this.root, { recursive: true });
  }

  /** False: there is none, or it was damaged. */
  private async unpackedSystem(): Promise<boolean> {
    if (!existsSync(this.packed)) return false;
    const tar = ["-I", "zstd", "--xattrs", "--xattrs-include=*", "-xf", this.packed, "-C", this.root];
    try {
      await this.stages.run("unpacking", ["tar", ...tar]);
      return true;
    } catch (error) {
      console.log(`${error instanceof Error ? error.message : error}\nInstalling it anew.`);
      rmSync(this.packed);
      this.clear();
      return false;
    }
  }

  private async makeSystem(): Promise<void> {
    const { release, packages, kernelUpdate, mtty } = this.recipe;
    const bootstrap = [path.join(rooms, "bootstrap.sh"), this.root, release, this.mirrors.archive, keyring];
    await this.stages.run("debootstrap", separate("sh", ...bootstrap));
    await this.inTree("packages", "packages.sh", ...packages);
    if (kernelUpdate) {
      const { mirror, suite } = securityOf(this.recipe, this.mirrors);
      await this.inTree("kernel update", "kernel-update.sh", mirror, suite);
    }
    if (mtty) await this.inTree("mtty", "mtty.sh");
    mkdirSync(path.dirname(this.packed), { recursive: true });
    const unfinished = `${this.packed}.unfinished`;
    const tar = [
      "-I",
      "zstd -3 -T0",
      "--xattrs",
      "--xattrs-include=*",
      "-cf",
      unfinished,
      "-C",
      this.root,
      ".",
    ];
    await this.stages.run("packing", ["tar", ...tar]);
    renameSync(unfinished, this.packed);
  }

  private async makeImage(): Promise<void> {
    const image = path.join(this.work, "image");
    mkdirSync(image);
    if (existsSync(path.join(hardware, "Kbuild"))) await this.inTree("hardware", "hardware.sh");
    const files = path.join(__dirname, "root", "after");
    await this.stages.run("files", ["cp", "-R", "--no-preserve=all", `${files}/.`, this.root]);
    await this.inTree("configuration", "configure.sh", this.recipe.release);
    for (const name of ["client", "host.pub"])
      renameSync(path.join(this.root, "lab-keys", name), path.join(image, name));
    rmSync(path.join(this.root, "lab-keys"), { recursive: true });
    chmodSync(path.join(image, "client"), 0o600);
    const disk = [this.root, path.join(image, "disk.raw"), `${diskMiB}`, grubFolder];
    await this.stages.run("disk", ["sh", path.join(rooms, "disk.sh"), ...disk]);
  }

  private inTree(stage: string, script: string, ...args: string[]): Promise<void> {
    return this.stages.run(
      stage,
      separate("sh", path.join(rooms, "enter.sh"), this.root, `images/rooms/${script}`, ...args),
    );
  }
}

/** Mounts and processes of its own: nothing of them stays when it ends, however that is. */
function separate(...argv: string[]): [string, ...string[]] {
  return ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--", ...argv];
}

/** Names, modes and bytes of a file, or of all below a folder. */
function contents(place: string): (string | Buffer)[] {
  if (!existsSync(place)) return [place, "absent"];
  const status = statSync(place);
  const name = path.relative(__dirname, place);
  if (status.isDirectory()) {
    return readdirSync(place)
      .sort()
      .flatMap((entry) => contents(path.join(place, entry)));
  }
  return [name, (status.mode & 0o111) === 0 ? "" : "x", readFileSync(place)];
}
