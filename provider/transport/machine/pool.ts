import type { Connection } from "../../model/connection.js";
import type { Route } from "../config/route.js";
import { resolveRoute, routeTarget } from "../config/ssh-alias.js";
import { forgetOptions } from "../config/user-config.js";
import { forgetAccepted } from "../trust/accepted-keys.js";
import { Machine } from "./machine.js";
import { chooseTransport, type Transport } from "./transport-choice.js";

const machines = new Map<string, Machine>();

/** Returns the machine of a connection: one per host, user, port and way in this process, by whatever alias it is named. */
export function machineFor(connection: Connection): { readonly machine: Machine; readonly route: Route } {
  const route = resolveRoute(connection);
  return { machine: pooled(route, chooseTransport(route)), route };
}

/** A machine's way by the user's own `ssh` is that all along: so are its bastions'. */
function pooled(route: Route, transport: Transport): Machine {
  const { via } = route;
  const bastionBy = (chosen: Transport) =>
    via && pooled(via, chosen.name === "openssh" ? chosen : chooseTransport(via));
  const key = keyOf(route, transport);
  let machine = machines.get(key);
  if (machine === undefined) {
    machine = new Machine(key, route, { target: routeTarget(route), transport, bastionBy });
    machines.set(key, machine);
  } else if (!machine.connected) machine.route = route;
  return machine;
}

function keyOf(route: Route, transport: Transport): string {
  const here = `${route.user}@${route.host}:${route.port}`;
  const way = route.via === undefined ? "" : ` via ${keyOf(route.via, transport)}`;
  return `${here}${transport.name === "openssh" ? " by ssh" : ""}${way}`;
}

/** Closes every connection of this process, bastions too, and forgets the machines. */
export function closeMachines(): void {
  for (const machine of machines.values()) machine.drop();
  machines.clear();
  forgetAccepted();
  forgetOptions();
}
