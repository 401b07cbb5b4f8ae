/** What the driver's answers to a request for a vGPU mean. Source: open-gpu-kernel-modules, kernel_vgpu_mgr.c and nvstatuscodes.h */
const meanings: Readonly<Record<string, string>> = {
  "0x38":
    "the function carries a vGPU already, or MIG is off for a MIG-backed type, or on without an instance for it",
  "0x56": "vGPUs of another framebuffer size are on the GPU, which takes one size at a time",
  "0x1a": "the GPU, or its GPU instance, is full for this type",
  "0x57": "the driver knows no such type on this GPU",
  "0x66": "the GPU was not ready yet: wait a moment and run again",
};

const status = /Failed to add vgpu create request: (0x[0-9a-f]{1,8})\b/gi;

/**
 * Returns what the last refusal in the kernel's log means, as a sentence that begins with its code; `null` where there is none,
 * or one that nothing is known of.
 */
export function refusalMeaning(log: string): string | null {
  const code = [...log.matchAll(status)].at(-1)?.[1]?.toLowerCase();
  const meaning = code === undefined ? undefined : meanings[code];
  return meaning === undefined ? null : `NVRM's ${code} means: ${meaning}`;
}
