import type { ToolHandler } from "../types.js";
import { compiler, compilerPaths } from "./compiler.js";
import { dkmsPath, dkmsTool } from "./dkms.js";
import { managerContent } from "./host-driver.js";
import type { HostState } from "./host-state.js";
import { installerTool } from "./installer.js";
import { lspciTool } from "./lspci.js";
import { mdevctlTool } from "./mdevctl.js";
import { mdevctlPath } from "./mdevctl-rule.js";
import { installerPath } from "./run-package.js";

/** Returns the programs that a bare host has because the simulator needs or wants them. */
export function hostTools(model: HostState): Record<string, ToolHandler> {
  const tools: Record<string, ToolHandler> = {
    [installerPath]: installerTool(managerContent(model), model.faults),
  };
  if (model.options.compiler !== false) {
    for (const path of compilerPaths) tools[path] = compiler;
  }
  if (model.options.dkms === true) tools[dkmsPath] = dkmsTool;
  if (model.options.mdevctl === "stand-in") tools[mdevctlPath(model.options)] = mdevctlTool(model.sys);
  if (model.options.lspci === true) tools["/usr/bin/lspci"] = lspciTool(model.bus);
  return tools;
}
