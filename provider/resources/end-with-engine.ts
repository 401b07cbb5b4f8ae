/**
 * Ends this process when nobody reads what it prints any more: the engine was killed. Pulumi's host prints the failure of
 * a print, which fails again, and so on: a provider that waited for a reboot was seen to take 4 GB that way. What it was
 * doing on a machine is found there by the next run.
 */
export function endWithEngine(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(1);
    });
  }
}
