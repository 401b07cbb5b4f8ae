import type { Connection } from "../model/connection.js";
import { forgetAccepted } from "./accepted-keys.js";
import { Machine } from "./machine.js";
import type { Route } from "./route.js";
import { resolveRoute, routeTarget } from "./ssh-alias.js";
import { forgetOptions } from "./user-config.js";

const machines = new Map<string, Machine>();

/** Returns the machine of a connection: one per host, user, port and way in this process, by whatever alias it is named. */
export function machineFor(connection: Connection): { readonly machine: Machine; readonly route: Route } {
  const route = resolveRoute(connection);
  return { machine: pooled(route), route };
}

function pooled(route: Route): Machine {
  const bastion = route.via === undefined ? undefined : pooled(route.via);
  const key = `${route.user}@${route.host}:${route.port}${bastion === undefined ? "" : ` via ${bastion.key}`}`;
  let machine = machines.get(key);
  if (machine === undefined) {
    machine = new Machine(key, route, routeTarget(route), bastion);
    machines.set(key, machine);
  } else if (!machine.connected) machine.route = route;
  return machine;
}

/** Closes every connection of this process, bastions too, and forgets the machines. */
export function closeMachines(): void {
  for (const machine of machines.values()) machine.drop();
  machines.clear();
  forgetAccepted();
  forgetOptions();
}
