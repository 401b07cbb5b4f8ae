import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../paths.js";

/** Each rule, and a file whose import it has to refuse. */
const violations: readonly (readonly [rule: string, file: string, imported: string])[] = [
  ["model-imports-only-below", "provider/model/bad.ts", "../catalog/fine.js"],
  ["model-outside-world", "provider/model/bad-node.ts", "node:fs"],
  ["schema-imports-only-below", "provider/schema/bad.ts", "../plan/fine.js"],
  ["catalog-imports-only-below", "provider/catalog/bad.ts", "../plan/fine.js"],
  ["plan-imports-only-below", "provider/plan/bad.ts", "../transport/fine.js"],
  ["plan-outside-world", "provider/plan/bad-node.ts", "node:child_process"],
  ["settings-imports-only-below", "provider/settings/bad.ts", "../plan/fine.js"],
  ["settings-outside-world", "provider/settings/bad-node.ts", "node:fs"],
  ["settings-take-zod-for-types-only", "provider/settings/bad-zod.ts", "zod"],
  ["only-the-table-names-settings", "provider/plan/bad-setting.ts", "../settings/one/fine.js"],
  ["no-setting-knows-another", "provider/settings/two/bad.ts", "../one/fine.js"],
  ["transport-imports-only-below", "provider/transport/bad.ts", "../observe/fine.js"],
  ["observe-imports-only-below", "provider/observe/bad.ts", "../apply/fine.js"],
  ["apply-imports-only-below", "provider/apply/bad.ts", "../resources/fine.js"],
  ["resources-imports-only-below", "provider/resources/bad.ts", "../../sdk/fine.js"],
  ["transport-config-imports-only-below", "provider/transport/config/bad.ts", "../link/fine.js"],
  ["transport-trust-imports-only-below", "provider/transport/trust/bad.ts", "../login/fine.js"],
  ["transport-link-imports-only-below", "provider/transport/link/bad.ts", "../machine/fine.js"],
  ["transport-login-imports-only-below", "provider/transport/login/bad.ts", "../builtin/fine.js"],
  ["transport-builtin-imports-only-below", "provider/transport/builtin/bad.ts", "../openssh/fine.js"],
  ["transport-openssh-imports-only-below", "provider/transport/openssh/bad.ts", "../builtin/fine.js"],
  ["transport-machine-imports-only-below", "provider/transport/machine/bad.ts", "../command/fine.js"],
  ["transport-command-imports-only-below", "provider/transport/command/bad.ts", "../lock/fine.js"],
  ["transport-lock-imports-only-below", "provider/transport/lock/bad.ts", "../fine.js"],
  ["only-the-built-in-way-knows-ssh2", "provider/transport/machine/bad-ssh.ts", "ssh2"],
  ["only-config-knows-ssh-config", "provider/transport/trust/bad-config.ts", "ssh-config"],
  ["only-schema-knows-zod", "provider/apply/bad-zod.ts", "zod"],
  ["sdk-stays-pure", "sdk/bad.ts", "../provider/transport/fine.js"],
  ["the-door-opens-on-resources", "provider/index.ts", "./apply/fine.js"],
  ["provider-takes-pulumi-for-types-only", "provider/resources/bad-pulumi.ts", "@pulumi/pulumi"],
  ["shipped-code-needs-nothing-unshipped", "sdk/bad-test.ts", "../test/fine.js"],
  ["shipped-code-needs-no-dev-dependency", "sdk/bad-dev.ts", "fast-check"],
  ["fuse-behind-one-file", "test/bad.ts", "fuse-native"],
  ["no-cycles", "tools/left.ts", "./right.js"],
  ["no-unresolved", "tools/lost.ts", "./nowhere.js"],
];

const layers = [
  "model",
  "schema",
  "catalog",
  "settings",
  "settings/one",
  "plan",
  "transport",
  "observe",
  "apply",
  "resources",
];
const rooms = ["config", "link", "login", "builtin", "openssh", "machine", "command", "lock"];

describe("the import rules", () => {
  let root: string;
  let report: string;

  beforeAll(() => {
    root = mkdtempSync(path.join(os.tmpdir(), "layers-"));
    for (const name of [".dependency-cruiser.cjs", "tsconfig.json", "package.json"]) {
      cpSync(path.join(repositoryRoot, name), path.join(root, name));
    }
    symlinkSync(path.join(repositoryRoot, "node_modules"), path.join(root, "node_modules"), "dir");
    for (const folder of [
      ...[...layers, ...rooms.map((room) => `transport/${room}`)].map((folder) => `provider/${folder}`),
      "sdk",
      "test",
    ]) {
      write(`${folder}/fine.ts`, "export const fine = 1;\n");
    }
    for (const [, file, imported] of violations)
      write(file, `import * as it from "${imported}";\nexport { it };\n`);
    write("tools/right.ts", 'import { it } from "./left.js";\nexport { it };\n');
    const depcruise = path.join(repositoryRoot, "node_modules", ".bin", "depcruise");
    const args = [
      "--config",
      ".dependency-cruiser.cjs",
      "--output-type",
      "err",
      "sdk",
      "provider",
      "test",
      "tools",
    ];
    const ran = spawnSync(depcruise, args, {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1" },
    });
    report = `${ran.stdout}${ran.stderr}`;
  }, 60_000);
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  function write(file: string, text: string): void {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }

  it.each(violations)("%s refuses %s to import %s", (rule, file) => {
    expect(report.split("\n").filter((line) => line.includes(rule) && line.includes(file))).not.toEqual([]);
  });

  it("lets the files that break no rule pass", () => {
    expect(report).not.toMatch(/(error|warn) [\w-]+: \S*fine\.ts/);
  });
});
