import { defineConfig } from "vitest/config";

/** The tests that mutants are tried on: those without a machine. */
export default defineConfig({
  test: {
    include: ["test/unit/**/*.test.ts"],
    // About the repository's own pages, or about SSH servers: no mutant of these rooms shows there.
    exclude: ["test/unit/docs/**", "test/unit/transport/**"],
    testTimeout: 20_000,
  },
});
