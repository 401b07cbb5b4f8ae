import { describe, expect, it } from "vitest";
import type { DriverClient } from "../../../provider/model/facts.js";
import { clientsNotice, clientsText, stopAdvice } from "../../../provider/plan/driver/driver-clients.js";
import { planHost, planHostRemoval } from "../../../provider/plan/host/plan-host.js";
import { desiredHost } from "./facts.js";
import { finishedHost } from "./finished-host.js";

const persistenced: DriverClient = {
  pid: 812,
  name: "nvidia-persiste",
  unit: "nvidia-persistenced.service",
  service: true,
  files: ["/dev/nvidia0", "/dev/nvidiactl"],
};
const exporter: DriverClient = {
  pid: 990,
  name: "dcgm-exporter",
  unit: "docker-ab.scope",
  service: false,
  files: ["/dev/nvidiactl"],
};
const off = { ...finishedHost(), gpus: finishedHost().gpus.map((gpu) => ({ ...gpu, virtualFunctions: [] })) };

describe("who has NVIDIA's driver open", () => {
  it("is told in preview where virtual functions are turned on, with what to stop", () => {
    const { steps } = planHost(desiredHost(), off);
    expect(clientsNotice([persistenced, exporter], steps)).toBe(
      "enable-vfs fails while others have NVIDIA's driver open: nvidia-persiste (process 812, nvidia-persistenced.service) has /dev/nvidia0, /dev/nvidiactl open; dcgm-exporter (process 990, docker-ab.scope) has /dev/nvidiactl open. Before it: systemctl stop nvidia-persistenced.service; end process 990, in the container or the session that started it",
    );
  });

  it("is told where they are turned off", () => {
    const { steps } = planHostRemoval(desiredHost(), finishedHost());
    expect(clientsNotice([persistenced], steps)).toMatch(/^disable-vfs fails while/);
  });

  it("is not told where nothing of that is planned, or nobody has it", () => {
    const { steps } = planHost(desiredHost(), off);
    expect(clientsNotice([], steps)).toBeNull();
    expect(clientsNotice([persistenced], [])).toBeNull();
    expect(
      clientsNotice(
        [persistenced],
        steps.filter(({ kind }) => kind !== "enable-vfs"),
      ),
    ).toBeNull();
  });

  it("is told within bounds, each service once", () => {
    const many = Array.from({ length: 30 }, (_, n) => ({ ...exporter, pid: 1000 + n, unit: null, name: "" }));
    const text = clientsText(many);
    expect(text).toContain("an unnamed program (process 1007) has /dev/nvidiactl open; 22 more processes");
    expect(text).not.toContain("1008");
    expect(stopAdvice(many)).toBe(
      "end processes 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, in the container or the session that started them",
    );
    expect(stopAdvice([persistenced, { ...persistenced, pid: 813 }])).toBe(
      "systemctl stop nvidia-persistenced.service",
    );
  });
});
