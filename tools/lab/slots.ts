/**
 * QEMU's arguments for the slots of these cards: for a card at 0000:41:00.0 a root port whose bus is 41, on a host bridge
 * of its own, which is how one says bus numbers to QEMU. labgpu puts the card there; behind a root port it has an IOMMU.
 * They come after all other devices: one without a `bus=` would be put on the new host bridges. Form of the text: vendor/driver/README.md.
 */
export function slotArguments(cards: string): string[] {
  const buses = [...cards.matchAll(/^slot=0000:([0-9a-f]{2}):00\.0 /gm)].map(([, bus = ""]) => bus);
  return buses.flatMap(slot);
}

function slot(bus: string, index: number): string[] {
  const number = Number.parseInt(bus, 16);
  const port = `id=slot${index},bus=host${index},chassis=${index + 1},slot=${index + 1},hotplug=off`;
  return [
    ...["-device", `pxb-pcie,id=host${index},bus=pcie.0,bus_nr=${number - 1}`],
    ...["-device", `pcie-root-port,${port}`],
  ];
}
