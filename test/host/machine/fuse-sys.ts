// The one file that knows fuse-native: serves a SysTree at a directory.
import { readdirSync, readlinkSync } from "node:fs";
import Fuse from "fuse-native";
import type { Errno, SysNode, SysTree } from "../types.js";

/** What answers opens below /.standin, the channel of the stand-in programs. */
export interface CallChannel {
  open(): CallHandle;
}

/** One open of the channel: a request is written, then its answer read. */
export interface CallHandle {
  write(data: Buffer): void;
  /** Bytes of the answer from `offset` (counted from 0 at its start); empty at its end. */
  read(offset: number, length: number): Promise<Buffer>;
  close(): void;
}

/** A mounted tree. */
export interface ServedTree {
  /** Answers every waiting caller with ENODEV, now: a process blocked in a write can only die after that. */
  abortWaiting(): void;
}

interface OpenFile {
  readonly node?: Extract<SysNode, { kind: "file" }>;
  readonly call?: CallHandle;
  content?: Buffer;
  written: number;
}

type Reply = (status: number, value?: unknown) => void;
type Listing = (status: number, names?: string[], kinds?: unknown[]) => void;

const CHANNEL = "/.standin";
type ErrnoName = Errno | "EISDIR";
const code = (name: ErrnoName): number => Fuse[name];

// By name, not instanceof: a model may throw from another copy of types.ts.
const failure = (error: unknown): number =>
  code(
    error instanceof Error && "errno" in error && typeof error.errno === "string"
      ? (error.errno as Errno)
      : "EIO",
  );

class Tree implements ServedTree {
  private readonly files = new Map<number, OpenFile>();
  private readonly waiting = new Set<() => void>();
  private nextHandle = 1;
  private readonly tree: SysTree;
  private readonly channel: CallChannel;

  constructor(tree: SysTree, channel: CallChannel) {
    this.tree = tree;
    this.channel = channel;
  }

  abortWaiting(): void {
    for (const abort of [...this.waiting]) abort();
  }

  operations(): Record<string, unknown> {
    const ok = (...args: unknown[]) => (args.at(-1) as Reply)(0);
    const refuse =
      (name: ErrnoName) =>
      (...args: unknown[]) =>
        (args.at(-1) as Reply)(code(name));
    return {
      getattr: (path: string, reply: Reply) => this.getattr(path, reply),
      fgetattr: (path: string, _handle: number, reply: Reply) => this.getattr(path, reply),
      readdir: (path: string, reply: Listing) => this.readdir(path, reply),
      readlink: (path: string, reply: Reply) => this.readlink(path, reply),
      open: (path: string, flags: number, reply: Reply) => this.open(path, flags, reply),
      read: (...[, handle, buffer, length, offset, reply]: [string, number, Buffer, number, number, Reply]) =>
        this.read(handle, { buffer, length, offset }, reply),
      write: (...[, handle, buffer, length, , reply]: [string, number, Buffer, number, number, Reply]) =>
        this.write(handle, Buffer.from(buffer.subarray(0, length)), reply),
      release: (_path: string, handle: number, reply: Reply) => {
        this.files.get(handle)?.call?.close();
        this.files.delete(handle);
        reply(0);
      },
      truncate: ok,
      ftruncate: ok,
      utimens: ok,
      chmod: ok,
      chown: ok,
      flush: ok,
      fsync: ok,
      create: refuse("EACCES"),
      mknod: refuse("EACCES"),
      mkdir: refuse("EPERM"),
      unlink: refuse("EPERM"),
      rmdir: refuse("EPERM"),
      rename: refuse("EPERM"),
      link: refuse("EPERM"),
      symlink: refuse("EPERM"),
    };
  }

  private guarded(reply: (status: number) => void, work: () => void): void {
    try {
      work();
    } catch (error) {
      reply(failure(error));
    }
  }

  private getattr(path: string, reply: Reply): void {
    this.guarded(reply, () => {
      const node: SysNode | undefined = path.startsWith(CHANNEL)
        ? path === CHANNEL
          ? { kind: "dir" }
          : { kind: "file", mode: 0o666, read: () => "" }
        : this.tree.lookup(path);
      if (!node) return reply(code("ENOENT"));
      reply(0, attributes(node, path));
    });
  }

  /** With the kind of each name, as a real /sys lists: who only wants links need not ask for each. */
  private readdir(path: string, reply: Listing): void {
    this.guarded(reply, () => {
      const names = this.tree.list(path);
      const folder = path === "/" ? "" : path;
      const kinds = names.map((name) => {
        const place = `${folder}/${name}`;
        return attributes(this.tree.lookup(place) ?? { kind: "dir" }, place);
      });
      reply(0, names, kinds);
    });
  }

  private readlink(path: string, reply: Reply): void {
    this.guarded(reply, () => {
      const node = this.tree.lookup(path);
      if (node?.kind !== "link") return reply(code(node ? "EINVAL" : "ENOENT"));
      reply(0, node.target);
    });
  }

  private open(path: string, flags: number, reply: Reply): void {
    this.guarded(reply, () => {
      if (path.startsWith(`${CHANNEL}/`))
        return this.opened({ call: this.channel.open(), written: 0 }, reply);
      const node = this.tree.lookup(path);
      if (node?.kind !== "file") return reply(code(node ? "EISDIR" : "ENOENT"));
      const access = flags & 3;
      // The kernel's own check, which applies to root too.
      if (access !== 1 && !(node.mode & 0o444)) return reply(code("EACCES"));
      if (access !== 0 && !(node.mode & 0o222 && node.write)) return reply(code("EACCES"));
      this.opened({ node, written: 0 }, reply);
    });
  }

  private opened(file: OpenFile, reply: Reply): void {
    const handle = this.nextHandle++;
    this.files.set(handle, file);
    reply(0, handle);
  }

  private read(handle: number, into: { buffer: Buffer; length: number; offset: number }, reply: Reply): void {
    const file = this.files.get(handle);
    if (!file) {
      reply(code("EIO"));
      return;
    }
    this.settle(this.readBytes(file, into.offset, into.length), reply, (bytes) => bytes.copy(into.buffer));
  }

  private async readBytes(file: OpenFile, offset: number, length: number): Promise<Buffer> {
    if (file.call) return file.call.read(offset - file.written, length);
    // As sysfs: a read from the start shows the value of now, the next reads go on in that one.
    if (file.content === undefined || offset === 0)
      file.content = Buffer.from((await file.node?.read()) ?? "");
    return file.content.subarray(offset, offset + length);
  }

  private write(handle: number, data: Buffer, reply: Reply): void {
    const file = this.files.get(handle);
    if (!file) {
      reply(code("EIO"));
      return;
    }
    file.written += data.length;
    if (file.call) {
      file.call.write(data);
      reply(data.length);
      return;
    }
    const work = (async () => file.node?.write?.(data))();
    this.settle(work, reply, () => data.length);
  }

  private settle<T>(work: Promise<T>, reply: Reply, result: (value: T) => number): void {
    let open = true;
    const answer = (status: number) => {
      if (!open) return;
      open = false;
      this.waiting.delete(abort);
      // fuse-native wants the count of bytes where the error would be.
      reply(status);
    };
    const abort = () => answer(code("ENODEV"));
    this.waiting.add(abort);
    work.then(
      (value) => open && answer(result(value)),
      (error) => answer(failure(error)),
    );
  }
}

let descriptors: number[] = [];

/** Descriptors of this process that serve mounts. */
export const fuseDescriptors = (): readonly number[] => descriptors;

function findDescriptors(): void {
  descriptors = readdirSync("/proc/self/fd")
    .map(Number)
    .filter((descriptor) => {
      try {
        return readlinkSync(`/proc/self/fd/${descriptor}`) === "/dev/fuse";
      } catch {
        return false;
      }
    })
    .sort((a, b) => a - b);
}

const EPOCH = new Date(0);

/**
 * Seconds for which the kernel keeps a name and its kind, never a value: a walk along a path would ask for every step of
 * it each time. Shorter than a process takes to start, so nobody sees a name that has gone.
 */
const lifetime = "0.01";

function attributes(node: SysNode, path: string): Record<string, unknown> {
  const common = { uid: 0, gid: 0, mtime: EPOCH, atime: EPOCH, ctime: EPOCH };
  if (node.kind === "dir") return { ...common, mode: 0o040755, nlink: 2, size: 0 };
  if (node.kind === "link") return { ...common, mode: 0o120777, nlink: 1, size: node.target.length };
  return { ...common, mode: 0o100000 | node.mode, nlink: 1, size: path.endsWith("/config") ? 256 : 4096 };
}

/**
 * Serves `tree` at `directory`, every value read live: no page is cached.
 * The mount ends with `umount -l` or with its namespace, never from here (fuse-native would call fusermount).
 */
export function serveSys(directory: string, tree: SysTree, channel: CallChannel): Promise<ServedTree> {
  const served = new Tree(tree, channel);
  const fuse = new Fuse(directory, served.operations(), {
    // fuse-native has no field for these three; it joins its fields with commas.
    fsname: "sysfs,direct_io,big_writes,default_permissions",
    allowOther: true,
    attrTimeout: lifetime,
    entryTimeout: lifetime,
    timeout: false,
  });
  return new Promise((resolve, reject) => {
    fuse.mount((error) => {
      if (error) return reject(error);
      findDescriptors();
      resolve(served);
    });
  });
}
