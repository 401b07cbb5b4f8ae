import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { changingScript } from "../../../provider/apply/machine.js";
import { runShell } from "../shell.js";

const root = mkdtempSync(join(tmpdir(), "token-"));
afterAll(() => rmSync(root, { recursive: true }));

it("lets nobody but root read the license token while it is written, whatever the login's umask is", () => {
  mkdirSync(join(root, "bin"));
  writeFileSync(
    join(root, "bin/chmod"),
    `#!/bin/sh\nstat -c %a "$2" > ${root}/mode\nexec /bin/chmod "$@"\n`,
    {
      mode: 0o755,
    },
  );
  const script = changingScript("write-token", "guest").replaceAll("/etc/", `${root}/etc/`);
  const given = `umask 000\nPATH=${root}/bin:$PATH\nprintf token | { ${script}\n}`;
  expect(runShell(given).code).toBe(0);
  expect(readFileSync(join(root, "mode"), "utf8")).toBe("600\n");
  const token = join(root, "etc/nvidia/ClientConfigToken/client_configuration_token_pulumi-vgpu.tok");
  expect(readFileSync(token, "utf8")).toBe("token");
  expect(statSync(token).mode & 0o777).toBe(0o744);
});
