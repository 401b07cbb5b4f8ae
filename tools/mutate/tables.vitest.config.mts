import { defineConfig } from "vitest/config";

/** The tests that mutants of the catalog and the model are tried on: their own. */
export default defineConfig({
  test: { include: ["test/unit/{catalog,model}/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000 },
});
