import * as pulumi from "@pulumi/pulumi";
import { resourceName } from "./options.js";
import { resourcesBehind } from "./soon.js";
import { isResourceWith } from "./wrong-kinds.js";

/** What Pulumi's SDK keeps of a resource without typing it. */
interface OpenResource {
  readonly __childResources?: ReadonlySet<pulumi.Resource>;
}

/** Deeper than components are nested. */
const deepest = 32;

/**
 * Returns the names of the VgpuHosts that Pulumi makes before a resource, as far as the program says it by now: by
 * `dependsOn`, by its parent, or by an output in its arguments.
 */
export function hostsBefore(args: object, opts: pulumi.CustomResourceOptions | undefined): string[] {
  const { dependsOn, parent } = opts ?? {};
  const listed = Array.isArray(dependsOn) ? dependsOn : [dependsOn];
  // A component is a parent before what is in it is made.
  const above = pulumi.ComponentResource.isInstance(parent) ? undefined : parent;
  const given = [...listed, above].filter((one) => pulumi.Resource.isInstance(one));
  return [
    ...new Set(
      [...given, ...resourcesBehind(Object.values(args))].flatMap((resource) => hostsIn(resource, deepest)),
    ),
  ];
}

/** A component counts as made when all that is in it is; a vGPU comes after its host. */
function hostsIn(resource: pulumi.Resource, depth: number): string[] {
  if (isResourceWith(resource, "releaseSoon")) return [resourceName(resource)];
  if (isResourceWith(resource, "hostReleaseSoon")) return [String(Reflect.get(resource, "hostName"))];
  const inside = pulumi.ComponentResource.isInstance(resource)
    ? ((resource as OpenResource).__childResources ?? [])
    : [];
  return depth === 0 ? [] : [...inside].flatMap((child) => hostsIn(child, depth - 1));
}
