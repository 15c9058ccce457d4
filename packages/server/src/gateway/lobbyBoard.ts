import type { Session } from "./session.js";

/** Changes within this time are told together. */
const COALESCE_MS = 250;
/** With many waiting, changes are told less often: about this many messages a second for the whole scene. */
const MESSAGES_PER_SECOND = 2000;
/** One turn of the event loop tells no longer than this; signaling must not wait for it. */
const TURN_MS = 5;

/**
 * Keeps the waiting participants of one scene told where they stand: soon after the pool changed, and every few
 * seconds because estimates move.
 */
export class LobbyBoard {
  readonly #sessions: () => Iterable<Session>;
  readonly #onError: (error: unknown) => void;
  readonly #refresh: NodeJS.Timeout;
  #due: NodeJS.Timeout | null = null;
  #telling = false;
  #changed = false;
  #closed = false;
  #paceMs = COALESCE_MS;

  constructor(sessions: () => Iterable<Session>, refreshMs: number, onError: (error: unknown) => void) {
    this.#sessions = sessions;
    this.#onError = onError;
    this.#refresh = setInterval(() => void this.#tellAll(true), refreshMs);
    this.#refresh.unref();
  }

  /** Positions or counts may have changed. */
  changed(): void {
    this.#changed = true;
    if (this.#closed || this.#telling || this.#due !== null) return;
    this.#due = setTimeout(() => {
      this.#due = null;
      void this.#tellAll(false);
    }, this.#paceMs);
    this.#due.unref();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#refresh);
    if (this.#due !== null) clearTimeout(this.#due);
  }

  async #tellAll(always: boolean): Promise<void> {
    if (this.#telling) return;
    this.#telling = true;
    this.#changed = false;
    try {
      const sessions = [...this.#sessions()];
      this.#paceMs = Math.max(COALESCE_MS, (sessions.length / MESSAGES_PER_SECOND) * 1000);
      let turnEndsAt = performance.now() + TURN_MS;
      for (const session of sessions) {
        if (this.#closed) return;
        session.tellStanding(always);
        if (performance.now() < turnEndsAt) continue;
        await new Promise((resolve) => setImmediate(resolve));
        turnEndsAt = performance.now() + TURN_MS;
      }
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#telling = false;
      if (this.#changed) this.changed();
    }
  }
}
