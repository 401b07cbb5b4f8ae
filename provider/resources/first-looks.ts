// The engine checks one resource after the other, and each machine's first look is part of its check: so what a run is about
// is looked at beside each other, as soon as the first check says what that is.
import { availableParallelism } from "node:os";
import type { Connection } from "../model/connection.js";
import type { DeclaredLook } from "../plan/declared/program.js";
import { guestDriverInstallSchema, vgpuHostSchema } from "../schema/inputs.js";
import { hasUnknown } from "./lifecycle.js";
import { guestView, hostView } from "./machine-view.js";
import { isLeftOut } from "./other-machines.js";
import { isOffline } from "./outcomes.js";
import { rowKey, withRow } from "./row.js";

/** How many machines are looked at at once. */
const atOnce = 8 * availableParallelism();

/**
 * Begins to look at these machines; each one's own check takes what was seen, whatever it was. One whose key may be accepted is
 * left to its own check, which knows whether the resource is new.
 */
export function beginLooks(looks: readonly DeclaredLook[], owner: unknown): void {
  if (isOffline()) return;
  const waiting = looks.filter(
    ({ kind, resource }) => !isLeftOut({ kind, name: resource, owner: String(owner) }),
  );
  const next = async (): Promise<void> => {
    for (let look = waiting.shift(); look !== undefined; look = waiting.shift()) await lookAt(look, owner);
  };
  for (let worker = 0; worker < atOnce; worker++) void next();
}

async function lookAt({ kind, resource, connection, row }: DeclaredLook, owner: unknown): Promise<void> {
  const { shape } = kind === "VgpuHost" ? vgpuHostSchema : guestDriverInstallSchema;
  const checked = shape.connection.safeParse(connection);
  if (!checked.success || hasUnknown(connection)) return;
  const known = checked.data as Connection;
  if (known.acceptNew === true) return;
  const view = kind === "VgpuHost" ? hostView : guestView;
  const props = { owner, name: resource, connection: known, [rowKey]: row };
  await withRow<unknown>(kind, props, () => view(known).facts()).catch(() => {});
}
