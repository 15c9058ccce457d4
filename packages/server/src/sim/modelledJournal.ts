import type { LobbyEvent, StoredEvent } from "../lobby/events.js";

export interface ModelledAppend {
  readonly events: readonly LobbyEvent[];
  /** `null`: facts. */
  readonly basisSeq: number | null;
  readonly at: number;
}

/** A node's group of appends, as it reaches the journal. */
export interface ModelledGroup {
  readonly nodeId: string;
  readonly number: number;
  readonly notAfter: number;
  readonly lease: string;
  readonly appends: readonly ModelledAppend[];
}

export type ModelledResult = number | "stale" | "not_leader";

export const LEASE_MS = 1500;
const NODE_MS = 4000;
const HOLD_MS = 100;

/** What the Redis journal's scripts do (see `journal/redis/script.ts`), on a virtual clock. */
export class ModelledJournal {
  readonly events: StoredEvent[] = [];
  readonly #onAppended: (events: readonly StoredEvent[]) => void;
  readonly #groups = new Map<string, { readonly number: number; readonly answer: ModelledResult[] }>();
  readonly #nodes = new Map<string, number>();
  #tokens = 0;
  #lease = { text: "", until: 0 };
  #hold = { text: "", until: 0 };

  constructor(onAppended: (events: readonly StoredEvent[]) => void) {
    this.#onAppended = onAppended;
  }

  append(group: ModelledGroup, now: number): readonly ModelledResult[] | "late" | "held" {
    const before = this.#groups.get(group.nodeId);
    if (before?.number === group.number) return before.answer;
    if ((before?.number ?? 0) > group.number || now > group.notAfter) return "late";
    const leads = group.lease !== "" && now < this.#lease.until && group.lease === this.#lease.text;
    if (now < this.#hold.until && group.lease !== this.#hold.text) return "held";
    const answer = group.appends.map((append) => this.#one(append, leads));
    if (answer.includes("stale")) this.#hold = { text: group.lease, until: now + HOLD_MS };
    else if (group.appends.some(({ basisSeq }) => basisSeq !== null)) this.#hold = { text: "", until: 0 };
    this.#groups.set(group.nodeId, { number: group.number, answer });
    return answer;
  }

  #one({ events, basisSeq, at }: ModelledAppend, leads: boolean): ModelledResult {
    if (basisSeq !== null && !leads) return "not_leader";
    if (basisSeq !== null && basisSeq !== this.events.length) return "stale";
    const stampedAt = Math.max(at, this.events.at(-1)?.at ?? 0);
    const stored = events.map(
      (event, i): StoredEvent => ({ ...event, seq: this.events.length + 1 + i, at: stampedAt }),
    );
    this.events.push(...stored);
    if (stored.length > 0) this.#onAppended(stored);
    return this.events.length;
  }

  /** @returns the lease as it is now, and who lives */
  beat(nodeId: string, held: string, now: number): { lease: string; live: ReadonlySet<string> } {
    this.#nodes.set(nodeId, now + NODE_MS);
    for (const [id, until] of this.#nodes) {
      if (until > now) continue;
      this.#nodes.delete(id);
      this.#groups.delete(id);
    }
    if (now >= this.#lease.until) {
      this.#tokens += 1;
      this.#lease = { text: `${this.#tokens} ${nodeId}`, until: now + LEASE_MS };
    } else if (held === this.#lease.text) this.#lease.until = now + LEASE_MS;
    return { lease: this.#lease.text, live: new Set(this.#nodes.keys()) };
  }
}
