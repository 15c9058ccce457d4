import { apply } from "./apply.js";
import type { LobbyConfig } from "./config.js";
import { decide, lookAgain, wakeAt } from "./decide.js";
import { type Decision, isDecision, type StoredEvent } from "./events.js";
import { createLobbyState, type LobbyState } from "./state.js";

/** What came of making a log's decisions again. */
export interface ReplayResult {
  /** Decisions that were made again. */
  readonly compared: number;
  /** Decisions made under another configuration, which were applied as they stand in the log. */
  readonly skipped: number;
  /** The first places at which the core comes to another decision, at most {@link SHOWN}. */
  readonly differences: readonly ReplayDifference[];
}

export interface ReplayDifference {
  /** Place in the log. */
  readonly seq: number;
  readonly logged: Decision | null;
  readonly again: Decision | null;
}

const SHOWN = 20;

/**
 * Makes every decision of a log again, from the facts before it, at the time it was made, and compares. A log that
 * was written by this version under this configuration has no differences: that is what makes a decision explainable
 * after the fact. A matchmaker that keeps state, reads a clock or draws its own random numbers shows here.
 *
 * Decisions made under another configuration (see `configHash` of `scene.opened`) are taken over without comparing.
 */
export function replay(log: readonly StoredEvent[], config: LobbyConfig): ReplayResult {
  const state = createLobbyState();
  const differences: ReplayDifference[] = [];
  let compared = 0;
  let skipped = 0;
  let position = 0;
  while (position < log.length) {
    const event = log[position];
    if (event === undefined) break;
    // The server looks after its own decisions too, until nothing more comes of it. A decision of a later time is none of that.
    const last = log[position - 1];
    if (last !== undefined && isDecision(last) && (!isDecision(event) || event.at > last.at))
      lookWithoutDeciding(state, config, last.at);
    wakeBefore(state, config, event.at);
    if (!isDecision(event)) {
      apply(state, event);
      position += 1;
      // The server looked after every change. Where facts were written together it looked only after the last:
      // what would be decided here is then decided there.
      const next = log[position];
      if (next !== undefined && !isDecision(next)) lookWithoutDeciding(state, config, event.at);
      continue;
    }
    if (state.configHash !== config.configHash) {
      apply(state, event);
      position += 1;
      skipped += 1;
      continue;
    }
    const again = decide(state, config, event.at).decisions;
    for (const decision of again.length > 0 ? again : [null]) {
      const logged = log[position];
      if (logged === undefined || !isDecision(logged)) {
        differences.push({ seq: state.seq + 1, logged: null, again: decision });
        break;
      }
      compared += 1;
      const { seq, at, ...plain } = logged;
      if (!same(plain, decision)) differences.push({ seq, logged: plain as Decision, again: decision });
      apply(state, logged);
      position += 1;
    }
    if (differences.length >= SHOWN) break;
  }
  return { compared, skipped, differences: differences.slice(0, SHOWN) };
}

/**
 * The server also looked whenever something became due, and mostly found nothing to decide, of which the log says
 * nothing. What would be decided here was decided later, because the server was away or busy.
 */
function wakeBefore(state: LobbyState, config: LobbyConfig, time: number): void {
  if (state.configHash !== config.configHash) return;
  for (let at = wakeAt(state); at !== null && at < time; at = wakeAt(state))
    lookWithoutDeciding(state, config, at);
}

/** Crosses out what the server looked at here; where something would be decided, that was decided later. */
function lookWithoutDeciding(state: LobbyState, config: LobbyConfig, at: number): void {
  if (state.configHash !== config.configHash) return;
  const verdict = decide(state, config, at);
  if (verdict.decisions.length > 0) lookAgain(state, verdict);
}

/** Field by field; the order in which they were written does not count. */
function same(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) =>
    v !== null && typeof v === "object" && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([x], [y]) => (x < y ? -1 : 1)))
      : v,
  );
}
