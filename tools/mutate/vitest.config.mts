import { defineConfig } from "vitest/config";

/** The tests that mutants are tried on: of these rooms, without those that only run shell scripts. */
export default defineConfig({
  test: {
    include: ["test/unit/{plan,settings,observe,catalog,model,resources,schema,sdk}/**/*.test.ts"],
    // They run the shell scripts, which have no mutants here.
    exclude: [
      "test/unit/observe/{blind-look,scripts,driver-packages,open-files,look-at-processes,programs-of-a-look,*-facts,host-types}.test.ts",
      "test/unit/resources/end-with-engine.test.ts",
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
