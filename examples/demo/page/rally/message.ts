/** One stroke of the ball, from the paddle that struck it. Lengths are shares of the court's width. */
export interface Shot {
  /** Strokes in this rally before this one; 0 = the serve. */
  readonly n: number;
  /** Where across the court it starts, 0…1. */
  readonly y: number;
  /** How far across it goes on its way; the side lines throw it back. */
  readonly drift: number;
  /** How long it flies, for the one who receives it. */
  readonly durationMs: number;
}

/** What the two pages tell each other over the matched connection. */
export type RallyMessage =
  | { readonly t: "hello"; readonly visible: boolean }
  | { readonly t: "visible"; readonly visible: boolean }
  | ({ readonly t: "shot" } & Shot)
  | { readonly t: "miss" }
  | { readonly t: "paddle"; readonly y: number }
  | { readonly t: "bye" };

export const encode = (message: RallyMessage): string => JSON.stringify(message);

/** `null` for what is not a message of this game: a peer is somebody else's browser, and may send anything. */
export function decode(data: unknown): RallyMessage | null {
  if (typeof data !== "string" || data.length > 500) return null;
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || !("t" in value)) return null;
  const { t, y, n, drift, durationMs, visible } = value as Record<string, unknown>;
  switch (t) {
    case "hello":
    case "visible":
      return typeof visible === "boolean" ? { t, visible } : null;
    case "shot":
      return isBetween(n, 0, 1e6) &&
        isBetween(y, 0, 1) &&
        isBetween(drift, -4, 4) &&
        isBetween(durationMs, 200, 5000)
        ? { t, n, y, drift, durationMs }
        : null;
    case "paddle":
      return isBetween(y, 0, 1) ? { t, y } : null;
    case "miss":
    case "bye":
      return { t };
    default:
      return null;
  }
}

const isBetween = (value: unknown, least: number, most: number): value is number =>
  typeof value === "number" && value >= least && value <= most;
