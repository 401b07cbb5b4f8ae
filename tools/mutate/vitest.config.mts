import { defineConfig } from "vitest/config";

/** The tests that mutants are tried on: of these rooms, without a machine, a shell or an SSH server. */
export default defineConfig({
  test: {
    include: ["test/unit/{plan,observe,catalog,model,resources,schema,sdk}/**/*.test.ts"],
    // They run the shell scripts, which have no mutants here.
    exclude: [
      "test/unit/observe/{blind-look,scripts,driver-packages,look-at-processes,*-facts,host-types}.test.ts",
      "test/unit/resources/end-with-engine.test.ts",
    ],
    testTimeout: 60_000,
  },
});
