/**
 * What types of mdevs of drivers that are not NVIDIA's are made of, where the driver's own rule is known: how many of the units
 * that all types of the device share. mdevs of a driver that is not here are known by nothing but `available_instances`.
 * Source: Linux 4.10 to 6.12, samples/vfio-mdev/mtty.c: `nr_ports` of its types, and `available_instances`, which is the free
 * ports divided by it. The mdev core puts the driver's name before that of each type.
 */
const unitsOfTypes: ReadonlyMap<string, number> = new Map([
  ["mtty-1", 1],
  ["mtty-2", 2],
]);

/** Returns how many units of its device an mdev of the type takes, `null` where nobody knows. */
export function unitsOfMdevType(mdevType: string): number | null {
  return unitsOfTypes.get(mdevType) ?? null;
}

/**
 * Returns how many units of a device are free at least, by what it says of each of its types; `null` where the rule of its
 * driver is not known, or where what it says does not agree with that rule.
 */
export function freeUnits(
  types: readonly { readonly mdevType: string; readonly availableInstances: number }[],
): number | null {
  let least = 0;
  let most = Number.POSITIVE_INFINITY;
  for (const { mdevType, availableInstances } of types) {
    const units = unitsOfMdevType(mdevType);
    if (units === null) return null;
    least = Math.max(least, availableInstances * units);
    most = Math.min(most, (availableInstances + 1) * units - 1);
  }
  return types.length > 0 && least <= most ? least : null;
}
