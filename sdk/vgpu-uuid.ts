import { createHash } from "node:crypto";

const namespace = Buffer.from("6b1c8e1a4f7e4c0f9d0f2f4f5a0f7d31", "hex");

/** Returns the UUID (version 5) of a vGPU from what names it: project, stack, resource. */
export function vgpuUuid(project: string, stack: string, resource: string): string {
  const hash = createHash("sha1")
    .update(namespace)
    .update(JSON.stringify([project, stack, resource]))
    .digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    "-",
  );
}
