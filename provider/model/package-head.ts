/** What lies at the beginning of a file, as far as it tells what the file is. */
export interface PackageHead {
  /** The first eight bytes in hexadecimal digits, e.g. `"504b0304..."`; fewer of a shorter file. */
  readonly firstBytes: string;
  /** Lines of a script's header by which it names its product, e.g. `"targetdir=NVIDIA-Linux-x86_64-550.127.06-grid"`. */
  readonly headerLines: readonly string[];
}
