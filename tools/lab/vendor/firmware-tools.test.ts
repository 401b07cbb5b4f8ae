import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeDriver } from "./fake-driver.js";
import { firmwareToolPath } from "./firmware-tools.js";

const asRoot = process.getuid?.() === 0;

describe.runIf(asRoot)("displaymodeselector", () => {
  let driver: FakeDriver;
  const run = (args: string[], input = "") =>
    driver.run(firmwareToolPath("displaymodeselector"), args, input);
  beforeEach(() => {
    driver = new FakeDriver("host");
    driver.write(
      "boards",
      "0000:0b:00.0 2230 1459 1 1 1 0 0 NVIDIA RTX A6000\n0000:84:00.0 25b6 157e 0 0 0 0 0 NVIDIA A2\n",
    );
  });
  afterEach(() => driver.remove());

  it("lists the adapters in the captured form", () => {
    expect(run(["--list"]).stdout).toContain(
      [
        "NVIDIA display adapters present in system:",
        "<0> Graphics Device      (10DE,2230,10DE,1459) S:00,B:0B,D:00,F:00",
        "<1> Graphics Device      (10DE,25B6,10DE,157E) S:00,B:84,D:00,F:00",
      ].join("\n"),
    );
  });

  it("asks three questions, and writes the InfoROM of boards that have modes", () => {
    const { code, stdout } = run(["--gpumode"], "y\n1\ny\n");
    expect(code).toBe(0);
    expect(stdout).toContain('Successfully updated GPU mode to "physical_display_disabled" ( Mode 4 ).');
    expect(stdout).toContain("Specified GPU mode not supported on this device 0x25B6.");
    expect(stdout.trimEnd().endsWith("A reboot is required for the update to take effect.")).toBe(true);
    expect(driver.read("written")).toBe("set 0000:0b:00.0 display-mode 4\n");
  });

  it("writes nothing when a question is not answered with y", () => {
    expect(run(["--gpumode", "compute"], "n\n").code).toBe(1);
    expect(run(["--gpumode", "compute"], "y\nq\n").code).toBe(1);
    expect(driver.read("written")).toBe("");
  });

  it("asks nothing with --auto, and takes one board with -i", () => {
    expect(run(["--gpumode", "physical_display_disabled", "--auto", "-i", "1"])).toMatchObject({ code: 1 });
    expect(run(["--gpumode", "physical_display_enabled_8GB_bar1", "--auto", "-i", "0"])).toMatchObject({
      code: 0,
    });
    expect(driver.read("written")).toBe("set 0000:0b:00.0 display-mode 2\n");
  });

  it("aborts while the driver is loaded", () => {
    driver.write("sys/module/nvidia/version", "550.127.06\n");
    const { code, stderr } = run(["--gpumode", "compute", "--auto"]);
    expect(code).not.toBe(0);
    expect(stderr).toContain("terminate called after throwing an instance of 'std::runtime_error'");
    expect(driver.read("written")).toBe("");
  });
});
