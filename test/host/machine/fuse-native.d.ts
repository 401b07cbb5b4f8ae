declare module "fuse-native" {
  interface Options {
    fsname: string;
    allowOther: boolean;
    attrTimeout: string;
    entryTimeout: string;
    timeout: false;
  }
  class Fuse {
    constructor(directory: string, operations: Record<string, unknown>, options: Options);
    mount(done: (error: Error | null) => void): void;
    static readonly ENOSPC: number;
    static readonly EINVAL: number;
    static readonly EEXIST: number;
    static readonly EIO: number;
    static readonly EBUSY: number;
    static readonly EACCES: number;
    static readonly EPERM: number;
    static readonly ENXIO: number;
    static readonly ENODEV: number;
    static readonly ENOENT: number;
    static readonly EAGAIN: number;
    static readonly ERANGE: number;
    static readonly EISDIR: number;
  }
  export = Fuse;
}
