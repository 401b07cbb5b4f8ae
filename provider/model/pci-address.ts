/** A PCI address in the form `dddd:bb:ss.f`, lower case, e.g. `"0000:3b:00.0"`. Other forms end in the parser. */
export type PciAddress = string & { readonly __pciAddress?: never };

const form = /^(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([01][0-9a-f])\.([0-7])$/;

/**
 * Returns the address in canonical form, `undefined` if `text` is none.
 * Takes sysfs's form, nvidia-smi's 8-digit upper-case domain (`00000000:3B:00.0`) and lspci's short form (`3b:00.0`).
 */
export function parsePciAddress(text: string): PciAddress | undefined {
  const match = form.exec(text.trim().toLowerCase());
  if (match === null) return undefined;
  const domain = (match[1] ?? "0").replace(/^0+/, "").padStart(4, "0");
  return `${domain}:${match[2]}:${match[3]}.${match[4]}`;
}
