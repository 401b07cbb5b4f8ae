import { accessSync, constants, statSync } from "node:fs";
import type { ErrorParts } from "../../model/errors.js";
import { unknownValue } from "../../model/unknown-value.js";
import { expandHome } from "../config/home-path.js";

/**
 * Returns why a key file that a connection or its bastion names cannot be read here, `null` when each can: seen before any
 * machine is asked, whatever other way to log in there is. What is not known yet is left out.
 */
export function keyFileRefusal(
  resource: string,
  connection: unknown,
  path = "connection",
): ErrorParts | null {
  if (typeof connection !== "object" || connection === null) return null;
  const { privateKeyPath, proxy } = connection as { privateKeyPath?: unknown; proxy?: unknown };
  const found = typeof privateKeyPath === "string" ? whyUnreadable(privateKeyPath) : null;
  if (found === null) return keyFileRefusal(resource, proxy, `${path}.proxy`);
  const property = `${path}.privateKeyPath`;
  return {
    code: "VGPU_INPUT",
    where: resource,
    what: `the file of ${property} cannot be read`,
    saw: `${privateKeyPath}: ${found} (on the machine that runs Pulumi)`,
    expected: "a private key in a file that the user who runs Pulumi may read",
    next: `put the key there, correct ${property}, or leave it out where an agent or ~/.ssh/config has the key`,
    property,
  };
}

function whyUnreadable(path: string): string | null {
  if (path === unknownValue) return null;
  const file = expandHome(path);
  const why = fault(file);
  // Its public half is enough where an agent has the key.
  return why === "ENOENT" && fault(`${file}.pub`) === null ? null : why;
}

function fault(file: string): string | null {
  try {
    if (!statSync(file).isFile()) return "not a file";
    accessSync(file, constants.R_OK);
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "unknown error";
  }
}
