// The process of one run, as the engine starts one provider process per run: told what to do over IPC.
import { installClock, moveClock } from "./clock.js";
import { driveDestroy, drivePreview, driveUnchecked, driveUp } from "./drive.js";
import type { RunMessage, RunRequest } from "./run.js";

installClock();

async function perform(request: RunRequest): Promise<unknown> {
  const { program, statePath } = request;
  switch (request.task) {
    case "up":
      return driveUp(program, statePath, {
        serial: request.serial === true,
        refresh: request.refresh !== false,
      });
    case "preview":
      return drivePreview(program, statePath);
    case "unchecked":
      return driveUnchecked(program);
    case "destroy":
      return driveDestroy(statePath);
  }
}

function answer(message: RunMessage): void {
  process.send?.(message, () => process.exit(0));
}

process.on("message", (message: RunRequest | { readonly moveMs: number }) => {
  if ("moveMs" in message) return moveClock(message.moveMs);
  perform(message).then(
    (value) => answer({ value }),
    (error: Error & { code?: string }) =>
      answer({ error: { message: error.message, stack: error.stack ?? "", code: error.code ?? "" } }),
  );
});
process.on("disconnect", () => process.exit(0));
