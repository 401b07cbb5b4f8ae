import { defineConfig } from "vitest/config";
import { LabOrder } from "./test/lab/support/lab-order.mjs";

export default defineConfig({
  test: {
    reporters: ["default"],
    sequence: { sequencer: LabOrder },
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts", "tools/**/*.test.ts"],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "host",
          include: ["test/host/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: "engine",
          include: ["test/engine/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: "lab",
          include: ["test/lab/**/*.test.ts"],
          // A kernel under emulation: a driver is built and an initramfs made in minutes.
          testTimeout: 900_000,
          hookTimeout: 900_000,
          // A machine boots on one core most of the time.
          maxWorkers: 3,
        },
      },
    ],
  },
});
