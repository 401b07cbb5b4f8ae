import type { UnitManager } from "./unit-manager.js";

/** What `systemctl show` prints of a unit, as far as this manager knows it. */
export function unitProperties(manager: UnitManager, name: string): Record<string, string> {
  const unit = manager.unit(name);
  const state = manager.state(name);
  const enabled = manager.files.state(name);
  return {
    Id: name,
    Names: name,
    Description: unit?.last("Unit", "Description") ?? name,
    LoadState: unit === undefined ? "not-found" : unit.masked ? "masked" : "loaded",
    ActiveState: state.active,
    SubState: state.sub,
    Result: state.result,
    Type: unit?.last("Service", "Type") ?? "simple",
    MainPID: state.main?.running ? "2" : "0",
    ExecMainStatus: `${state.status}`,
    ExecMainCode: state.status === 0 ? "0" : "1",
    ConditionResult: state.conditionMet ? "yes" : "no",
    FragmentPath: unit?.path ?? "",
    UnitFileState: enabled === "not-found" ? "" : enabled,
    NeedDaemonReload: manager.needsReload(name) ? "yes" : "no",
    NRestarts: "0",
    After: unit?.names("Unit", "After").join(" ") ?? "",
    Before: unit?.names("Unit", "Before").join(" ") ?? "",
  };
}
