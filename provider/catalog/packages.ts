/** What the file name of a driver package says. */
export interface PackageFacts {
  /**
   * `"host"` has the vGPU manager, `"guest"` a vGPU guest driver, `"plain"` a driver for GPUs without vGPU,
   * `"archive"` is the vendor's zip of all of them.
   */
  readonly kind: "host" | "guest" | "plain" | "archive";
  readonly os: "linux" | "windows";
  readonly form: "run" | "deb" | "rpm" | "exe" | "zip";
  /** Driver version, e.g. `"550.127.06"`; of an archive, the vGPU manager's. */
  readonly version: string;
}

const version = "(\\d{3}\\.\\d{2,3}(?:\\.\\d{2})?)";
const forms: readonly (readonly [RegExp, Omit<PackageFacts, "version">])[] = [
  [
    new RegExp(`^NVIDIA-Linux-x86_64-${version}-vgpu-kvm(?:-[a-z0-9]+)*\\.run$`, "i"),
    { kind: "host", os: "linux", form: "run" },
  ],
  [
    new RegExp(`^nvidia-vgpu-ubuntu(?:-[a-z0-9]+)*[-_]${version}(?:-\\d+)?_amd64\\.deb$`, "i"),
    { kind: "host", os: "linux", form: "deb" },
  ],
  [
    new RegExp(`^NVIDIA-vGPU-rhel-.+-${version}(?:-\\d+)?\\.x86_64\\.rpm$`, "i"),
    { kind: "host", os: "linux", form: "rpm" },
  ],
  [
    new RegExp(`^NVIDIA-Linux-x86_64-${version}-grid(?:-[a-z0-9]+)*\\.run$`, "i"),
    { kind: "guest", os: "linux", form: "run" },
  ],
  [
    new RegExp(`^nvidia-linux-grid(?:-\\d{3})?[-_]${version}(?:-\\d+)?[_.](?:amd64|x86_64)\\.deb$`, "i"),
    { kind: "guest", os: "linux", form: "deb" },
  ],
  [
    new RegExp(`^nvidia-linux-grid(?:-\\d{3})?[-_]${version}(?:-\\d+)?[_.](?:amd64|x86_64)\\.rpm$`, "i"),
    { kind: "guest", os: "linux", form: "rpm" },
  ],
  [new RegExp(`^${version}_grid_win.*\\.exe$`, "i"), { kind: "guest", os: "windows", form: "exe" }],
  [
    new RegExp(`^NVIDIA-Linux-x86_64-${version}(?:-no-compat32)?\\.run$`, "i"),
    { kind: "plain", os: "linux", form: "run" },
  ],
  [
    new RegExp(`^NVIDIA-GRID-Linux-KVM-${version}(?:-[\\d.]+)*\\.zip$`, "i"),
    { kind: "archive", os: "linux", form: "zip" },
  ],
];

/**
 * Returns what the name of a driver package says, `null` if it says nothing (a renamed file: its content decides).
 * @param fileName with or without its folder, e.g. `"NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run"`
 * Source: NVIDIA vGPU User Guide v17, chapters 2 and 4.
 */
export function packageFacts(fileName: string): PackageFacts | null {
  const base = fileName.split(/[\\/]/).at(-1) ?? "";
  for (const [form, facts] of forms) {
    const found = form.exec(base)?.[1];
    if (found !== undefined) return { ...facts, version: found };
  }
  return null;
}
