const oneDigit = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** Between a figure and its unit no line breaks. */
const SPACE = "\u00a0";

/** `0.8 ms`, `12 ms`: a digit after the point only where it says something. */
export function formatMs(ms: number): string {
  return ms < 9.95 ? `${oneDigit.format(ms)}${SPACE}ms` : `${Math.round(ms)}${SPACE}ms`;
}

/** For figures: `45 s`, `2:05 min`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}${SPACE}s`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}${SPACE}min`;
}

/** In a sentence: `20 seconds`, `5 minutes`; for times that are whole in one of the two. */
export function inWords(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [count, unit] = seconds % 60 === 0 ? [seconds / 60, "minute"] : [seconds, "second"];
  return `${count}${SPACE}${unit}${count === 1 ? "" : "s"}`;
}
