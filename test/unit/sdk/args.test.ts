import type * as pulumi from "@pulumi/pulumi";
import { describe, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import type { Connection } from "../../../provider/model/connection.js";
import type { connectionSchema } from "../../../provider/schema/connection.js";
import type {
  gpuMdevSchema,
  guestDriverInstallSchema,
  parentMdevSchema,
  vgpuHostSchema,
} from "../../../provider/schema/inputs.js";
import type { ConnectionArgs, DriverArgs, HopArgs, PackageArgs, RebootArgs } from "../../../sdk/args.js";
import type { GuestDriverInstallArgs, LicenseArgs } from "../../../sdk/guest-driver-install.js";
import type { GpuMdevArgs, ParentMdevArgs } from "../../../sdk/mdev-device.js";
import type { GpuArgs, VgpuHostArgs } from "../../../sdk/vgpu-host.js";

type Host = z.input<typeof vgpuHostSchema>;
type OnGpu = z.input<typeof gpuMdevSchema>;
type OnParent = z.input<typeof parentMdevSchema>;
type Guest = z.input<typeof guestDriverInstallSchema>;
type Of<T> = NonNullable<T>;

// These are checked when the tests are compiled; at run time they do nothing.
describe("the arguments that users write", () => {
  it("fit the schemas that check them", () => {
    expectTypeOf<pulumi.Unwrap<ConnectionArgs>>().toExtend<z.input<typeof connectionSchema>>();
    expectTypeOf<pulumi.Unwrap<Omit<VgpuHostArgs, "connection">>>().toExtend<
      Omit<Host, "name" | "owner" | "connection">
    >();
    expectTypeOf<pulumi.Unwrap<Pick<GpuMdevArgs, "gpu" | "type">>>().toExtend<Pick<OnGpu, "gpu" | "type">>();
    expectTypeOf<pulumi.Unwrap<Pick<ParentMdevArgs, "parent" | "mdevType">>>().toExtend<
      Pick<OnParent, "parent" | "mdevType">
    >();
    expectTypeOf<pulumi.Unwrap<LicenseArgs>>().toExtend<Of<Guest["license"]>>();
  });

  it("name every property that the schemas know, and no other", () => {
    expectTypeOf<keyof ConnectionArgs>().toEqualTypeOf<keyof z.input<typeof connectionSchema>>();
    expectTypeOf<keyof HopArgs>().toEqualTypeOf<keyof Of<z.input<typeof connectionSchema>["proxy"]>>();
    expectTypeOf<keyof DriverArgs>().toEqualTypeOf<keyof Of<Host["driver"]>>();
    expectTypeOf<keyof DriverArgs>().toEqualTypeOf<keyof Of<Guest["driver"]>>();
    expectTypeOf<keyof PackageArgs>().toEqualTypeOf<keyof Of<Of<Host["driver"]>["package"]>>();
    expectTypeOf<keyof RebootArgs>().toEqualTypeOf<keyof Of<Host["reboot"]>>();
    expectTypeOf<keyof GpuArgs>().toEqualTypeOf<keyof Of<Host["gpus"]>[string]>();
    expectTypeOf<keyof LicenseArgs>().toEqualTypeOf<keyof Of<Guest["license"]>>();
    expectTypeOf<keyof VgpuHostArgs>().toExtend<keyof Host>();
    expectTypeOf<Exclude<keyof GuestDriverInstallArgs, "guest">>().toExtend<keyof Guest>();
    expectTypeOf<Exclude<keyof GpuMdevArgs, "parent" | "mdevType">>().toExtend<keyof OnGpu>();
    expectTypeOf<Exclude<keyof ParentMdevArgs, "gpu" | "type">>().toExtend<keyof OnParent>();
    expectTypeOf<keyof GpuMdevArgs>().toEqualTypeOf<keyof ParentMdevArgs>();
  });

  it("are what the transport is given in the end", () => {
    expectTypeOf<z.output<typeof connectionSchema>["host"]>().toEqualTypeOf<Connection["host"]>();
    expectTypeOf<keyof z.output<typeof connectionSchema>>().toEqualTypeOf<keyof Connection>();
  });
});
