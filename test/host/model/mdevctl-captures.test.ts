import { describe, expect, it } from "vitest";
import { mdevctlTool } from "./mdevctl.js";
import { MemoryMachine } from "./memory-machine.js";
import { sharedFactsPresent, sharedText } from "./shared-facts.js";
import { attribute, dir, EntryTree, link, type SysEntry, trigger } from "./sys-nodes.js";

describe.skipIf(!sharedFactsPresent)("mdevctl against real outputs", () => {
  interface Row {
    id: string;
    command: string;
    stdout: string;
    textCommand: string;
    textStdout: string;
  }
  const capture = () =>
    JSON.parse(sharedText("captures/mdevctl.json")) as {
      list: Row[];
      types: (Row & { expect: unknown })[];
    };
  const full = <T extends Row>(rows: T[], id: string) => rows.find((row) => row.id === id) as T;

  /** A /sys and definitions like those that the real outputs were made from. */
  function machineOf(list: Row[], types: Row[]): MemoryMachine {
    type Listing = Record<string, Record<string, { mdev_type: string }>[]>[];
    const [active = {}] = JSON.parse(full(list, "active").stdout) as Listing;
    const parents =
      (JSON.parse(full(types, "full").stdout) as Record<string, Record<string, object>[]>[])[0] ?? {};
    const sys = new EntryTree(
      dir(() => ({ bus: mdevBus(active), class: mdevClass(parents), d: devices(active, parents) })),
    );
    const machine = new MemoryMachine({
      model: { sys, tools: () => ({}), boot: async () => {}, powerOff: () => {} },
      options: {},
    });
    machine.installTool("/usr/sbin/mdevctl", mdevctlTool(sys));
    const [defined = {}] = JSON.parse(full(list, "defined").stdout) as Listing;
    for (const [at, entries] of Object.entries(defined)) {
      for (const [id, text] of entries.flatMap((entry) => Object.entries(entry))) {
        machine.writeFile(`/etc/mdevctl.d/${at}/${id}`, JSON.stringify(text));
      }
    }
    return machine;
  }

  const mdevBus = (active: Record<string, Record<string, object>[]>): SysEntry =>
    dir(() => ({ mdev: dir(() => ({ devices: dir(() => links(active)) })) }));
  const links = (active: Record<string, Record<string, object>[]>) =>
    Object.fromEntries(
      Object.entries(active).flatMap(([at, list]) =>
        list.flatMap((entry) => Object.keys(entry).map((id) => [id, link(`../../../d/${at}/${id}`)])),
      ),
    );
  const mdevClass = (parents: object): SysEntry =>
    dir(() => ({
      mdev_bus: dir(() => Object.fromEntries(Object.keys(parents).map((at) => [at, link(`../../d/${at}`)]))),
    }));
  const devices = (
    active: Record<string, Record<string, { mdev_type: string }>[]>,
    parents: Record<string, Record<string, object>[]>,
  ): SysEntry =>
    dir(() =>
      Object.fromEntries(
        [...new Set([...Object.keys(active), ...Object.keys(parents)])].map((at) => [
          at,
          dir(() => ({
            ...Object.fromEntries(
              (active[at] ?? []).flatMap((entry) =>
                Object.entries(entry).map(([id, { mdev_type }]) => [
                  id,
                  dir(() => ({ mdev_type: link(`../types/${mdev_type}`), remove: trigger(() => {}) })),
                ]),
              ),
            ),
            types: dir(() =>
              Object.fromEntries(
                (active[at] ?? []).flatMap((entry) =>
                  Object.values(entry).map(({ mdev_type }) => [mdev_type, dir(() => ({}))]),
                ),
              ),
            ),
            mdev_supported_types: dir(() =>
              Object.fromEntries(
                (parents[at] ?? []).flatMap((entry) =>
                  Object.entries(entry).map(([id, info]) => [
                    id,
                    dir(() =>
                      Object.fromEntries(
                        Object.entries(info).map(([key, value]) => [key, attribute(String(value))]),
                      ),
                    ),
                  ]),
                ),
              ),
            ),
          })),
        ]),
      ),
    );

  it("prints every listing as the real one does, as JSON and as text", async () => {
    const { list, types } = capture();
    const machine = machineOf(list, types);
    const rows = [...list, ...types].filter((row) => !/none|empty|callout/.test(row.id));
    for (const row of rows) {
      const json = await machine.call("/usr/sbin/mdevctl", ...row.command.split(" ").slice(1));
      expect(json.stdout.trimEnd(), row.id).toBe(row.stdout);
      const text = await machine.call("/usr/sbin/mdevctl", ...row.textCommand.split(" ").slice(1));
      expect(text.stdout, row.id).toBe(row.textStdout);
    }
    expect(rows.length).toBeGreaterThan(15);
  });
});
