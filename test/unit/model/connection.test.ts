import { describe, expect, it } from "vitest";
import { connectionTarget } from "../../../provider/model/connection.js";

describe("connectionTarget", () => {
  it.each([
    [{ host: "gpu-01.lab" }, "root@gpu-01.lab:22"],
    [{ host: "gpu-01.lab", user: "ops" }, "ops@gpu-01.lab:22"],
    [{ host: "gpu-01.lab", port: 2222 }, "root@gpu-01.lab:2222"],
    [{ host: "10.0.0.7", user: "ops", port: 2222, password: "hunter2" }, "ops@10.0.0.7:2222"],
  ])("says user, host and port, and nothing else, of %j", (connection, target) => {
    expect(connectionTarget(connection)).toBe(target);
  });
});
