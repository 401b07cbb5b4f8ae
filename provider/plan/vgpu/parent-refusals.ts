import { nearestTexts } from "../../catalog/nearest.js";
import type { ErrorParts } from "../../model/errors.js";
import type { HostFacts, MdevParentFacts, MdevType } from "../../model/facts.js";
import type { DesiredVgpu } from "../desired.js";
import { identityOf, type KnownVgpu, type VgpuContext, vgpuText } from "./vgpu-view.js";

const bus = "/sys/class/mdev_bus";

function place(self: DesiredVgpu): string {
  return `${self.host} ${self.carrier} ${self.name}`;
}

/** The parent is not in the host, or it is NVIDIA's. */
export function noParentRefusal(self: DesiredVgpu, facts: HostFacts): ErrorParts {
  const names = facts.mdevParents.map(({ name }) => name);
  const load = `load the driver of ${self.carrier}, and let the host load it at each boot (/etc/modules-load.d)`;
  const found = {
    saw: names.length === 0 ? `no parent in ${bus} but NVIDIA's` : `${names.join(", ")} in ${bus}`,
    next: names.length === 0 ? load : `declare one of these, or ${load}`,
  };
  const gpu = facts.gpus.find(
    ({ address, virtualFunctions }) =>
      address === self.carrier || virtualFunctions.some(({ vfAddress }) => vfAddress === self.carrier),
  );
  const nvidia = gpu && {
    saw: `it is a function of the NVIDIA GPU ${gpu.address} (${gpu.deviceId})`,
    next: `give gpu: "${gpu.address}" and type in place of parent and mdevType`,
  };
  return {
    code: "VGPU_NO_SUCH_PARENT",
    where: place(self),
    what: `cannot make ${self.type}`,
    expected: `a parent ${self.carrier} there, of a driver that is not NVIDIA's`,
    ...(nvidia ?? found),
    property: "parent",
  };
}

function typeText({ mdevType, name, description }: MdevType): string {
  const said = [name === mdevType ? "" : name, description ?? ""].filter((text) => text !== "");
  return said.length === 0 ? mdevType : `${mdevType} (${said.join(": ")})`;
}

/** The parent does not offer the mdev type. */
export function mdevTypeRefusal(self: DesiredVgpu, { name, types }: MdevParentFacts): ErrorParts {
  const named = types.find((type) => type.name.toLowerCase() === self.type.toLowerCase());
  const near =
    named === undefined
      ? nearestTexts(
          self.type,
          types.map(({ mdevType }) => mdevType),
          2,
        )
      : [named.mdevType];
  return {
    code: "VGPU_UNKNOWN_TYPE",
    where: place(self),
    what: `the parent offers no mdev type ${self.type}`,
    saw: `${types.length === 0 ? "no types" : types.map(typeText).join(", ")} in ${bus}/${name}/mdev_supported_types`,
    expected: "one of the names there",
    next: near.length === 0 ? "look at what the driver logged" : `did you mean ${near.join(" or ")}?`,
    property: "mdevType",
  };
}

/** The parent has no instance of the type left for what is declared. */
export function noInstanceRefusal(context: VgpuContext<MdevParentFacts>, available: number): ErrorParts {
  const { self, typeName } = context;
  return {
    code: "VGPU_CAPACITY",
    where: place(self),
    what: `no room for another ${typeName}`,
    saw: instancesText(context, available),
    expected: "an available instance for each declared mdev",
    next: "remove one of them, or choose another parent or type",
    property: "mdevType",
  };
}

/** Others of ours would have to go for it, and nobody knows what those of one type leave room for of another. */
export function unknownFitRefusal(
  context: VgpuContext<MdevParentFacts>,
  seen: {
    readonly available: number;
    readonly missing: readonly DesiredVgpu[];
    readonly inQuestion: readonly KnownVgpu[];
  },
): ErrorParts {
  const { self, typeName } = context;
  const mayGo = seen.inQuestion.map(identityOf);
  const out = seen.missing.filter(({ uuid, type }) => type === typeName || mayGo.includes(uuid));
  const names = out.map(({ name }) => name).sort();
  const gone = seen.inQuestion.map(vgpuText).sort();
  return {
    code: "VGPU_CAPACITY",
    where: place(self),
    what: `nothing is retired for ${typeName}: nobody says whether it then fits`,
    saw: `${instancesText(context, seen.available)}; of what its types are made, the driver does not say`,
    expected: "an available instance for each declared mdev, or an idle one of the same type in its place",
    next: `to try it: take ${names.join(", ")} out of the program and run, which removes ${gone.join(", ")}; put back what is to be there and run again: the host says then whether it fits`,
    property: "mdevType",
  };
}

function instancesText(
  { declared, typeName, known }: VgpuContext<MdevParentFacts>,
  available: number,
): string {
  const live = known.map(vgpuText).sort();
  const missing = declared.filter(({ uuid }) => !known.some((vgpu) => identityOf(vgpu) === uuid));
  const names = missing.map(({ name, type }) => `${name} (${type})`).sort();
  const beside = names.length > 1 ? `; declared beside them: ${names.join(", ")}` : "";
  return `available_instances of ${typeName} is ${available}; live: ${live.join(", ") || "none"}${beside}`;
}
