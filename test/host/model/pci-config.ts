/** What the first bytes of a function's configuration space tell. */
export interface ConfigFacts {
  readonly vendor: string;
  readonly device: string;
  readonly subsystemVendor: string;
  readonly subsystemDevice: string;
  /** Six hexadecimal digits, e.g. `"030200"`. */
  readonly classCode: string;
  readonly revision: string;
  readonly multiFunction: boolean;
  readonly virtualFunction: boolean;
  /** Bus number behind a bridge; absent on an endpoint. */
  readonly secondaryBus?: number;
}

/**
 * Returns 256 bytes of configuration space, enough for lspci: ids, class, header type and, on a bridge, its buses.
 * A VF reads ffff for vendor and device, as real ones do: its ids are in the files `vendor` and `device`.
 * Source: captures/sysfs/a2-node.json (the VF's `config`).
 */
export function configSpace(facts: ConfigFacts): Buffer {
  const bytes = Buffer.alloc(256);
  const bridge = facts.secondaryBus !== undefined;
  bytes.writeUInt16LE(facts.virtualFunction ? 0xffff : Number.parseInt(facts.vendor, 16), 0);
  bytes.writeUInt16LE(facts.virtualFunction ? 0xffff : Number.parseInt(facts.device, 16), 2);
  bytes.writeUInt16LE(facts.virtualFunction ? 0 : 0x0406, 4);
  bytes.writeUInt8(Number.parseInt(facts.revision, 16), 8);
  bytes.writeUIntLE(Number.parseInt(facts.classCode, 16), 9, 3);
  bytes.writeUInt8((bridge ? 1 : 0) | (facts.multiFunction ? 0x80 : 0), 14);
  if (facts.secondaryBus !== undefined) {
    bytes.writeUInt8(facts.secondaryBus, 25);
    bytes.writeUInt8(facts.secondaryBus, 26);
  } else {
    bytes.writeUInt16LE(Number.parseInt(facts.subsystemVendor, 16), 44);
    bytes.writeUInt16LE(Number.parseInt(facts.subsystemDevice, 16), 46);
  }
  return bytes;
}
