import { parsePciAddress } from "../../model/pci-address.js";
import { checkDriver } from "./driver.js";
import { byResource, compareText, type DeclaredHost, groupsOf, type Refusal, refusal } from "./program.js";

/** Returns what is wrong with one host by itself: its release, its package, the addresses of its GPUs. */
export function checkHost(host: DeclaredHost): Refusal[] {
  return [...checkDriver(host), ...gpuRefusals(host)];
}

function gpuRefusals(host: DeclaredHost): Refusal[] {
  const written = Object.keys(host.gpus ?? {}).toSorted(compareText);
  const malformed = written
    .filter((address) => parsePciAddress(address) === undefined)
    .map((address) => malformedAddress(host.resource, "gpus", address));
  const groups = groupsOf(written, (address) => parsePciAddress(address) ?? "");
  const repeated = [...groups]
    .filter(([, forms]) => forms.length > 1)
    .map(([gpu, forms]) =>
      refusal(host.resource, {
        code: "VGPU_CLAIM_CONFLICT",
        property: "gpus",
        where: `${host.resource} ${gpu}`,
        what: "one GPU is declared more than once",
        saw: `gpus ${forms.map((form) => `"${form}"`).join(", ")}`,
        expected: "each GPU once",
        next: `keep "${gpu}" and remove the others`,
      }),
    );
  return [...malformed, ...repeated];
}

/** Returns the refusal of a text that is no PCI address. */
export function malformedAddress(resource: string, property: "gpu" | "gpus", text: string): Refusal {
  return refusal(resource, {
    code: "VGPU_INPUT",
    property,
    what: `"${text}" is no PCI address`,
    saw: `${property} "${text}"`,
    expected: 'a form such as "0000:3b:00.0"',
    next: "run `lspci -D -d 10de:` on the host and take the address of the GPU",
  });
}

/** Returns the resources of hosts that reach one machine, each conflict once. */
export function hostClaims(hosts: readonly DeclaredHost[]): Refusal[] {
  const groups = groupsOf(byResource(hosts), (host) => host.connectionKey);
  return [...groups].flatMap(([machine, claimants]) => {
    const [first, ...others] = claimants;
    if (first === undefined || others.length === 0) return [];
    return refusal(first.resource, {
      code: "VGPU_CLAIM_CONFLICT",
      property: "connection",
      where: machine,
      what: `${claimants.length} VgpuHost resources manage one host`,
      saw: claimants.map((host) => host.resource).join(", "),
      expected: "one VgpuHost for each machine",
      next: `declare all of its GPUs in "${first.resource}" and remove the others`,
    });
  });
}
