import { Presets, SingleBar } from "cli-progress";
import type { CliIo } from "../io.js";

/** Shows how far a command is, where a person watches; tells nobody anything elsewhere. */
export interface Progress {
  /** @param share of all there is to do, 0 to 1 */
  update(share: number, what: string): void;
  /** Takes the bar away. Idempotent. */
  close(): void;
}

/** A bar on the terminal. */
export function showProgress({ terminal }: CliIo): Progress {
  if (terminal === null) return { update: () => undefined, close: () => undefined };
  const bar = new SingleBar(
    {
      stream: terminal,
      format: "{bar} {percentage} %  {what}",
      barsize: 24,
      clearOnComplete: true,
      hideCursor: true,
      // Redrawn by update(): a simulation leaves timers little room.
      fps: 10,
    },
    Presets.shades_classic,
  );
  bar.start(1000, 0, { what: "" });
  return {
    update: (share, what) => bar.update(Math.min(1000, Math.floor(1000 * share)), { what }),
    close: () => bar.stop(),
  };
}
