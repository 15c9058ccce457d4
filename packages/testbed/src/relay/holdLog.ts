import { quantile } from "@probematch/shared";
import type { PacketKind } from "./packet.js";

/** Which packets a summary is about. Times are epoch ms with fractions: `performance.timeOrigin + performance.now()`. */
export interface PacketFilter {
  /** Only packets that arrived at the relay at or after this time. */
  readonly fromAt?: number;
  /** Only packets that arrived at the relay before this time. */
  readonly untilAt?: number;
  /** Only packets of at least this size, in bytes of UDP payload. */
  readonly minBytes?: number;
  readonly maxBytes?: number;
  /** Default `dtls`: what a data channel sends. `null` = packets of every kind. */
  readonly kind?: PacketKind | null;
}

/** How long one direction of a link really held its packets. */
export interface HoldSummary {
  /** Packets passed on. */
  readonly packets: number;
  /** Packets the relay dropped on purpose. */
  readonly dropped: number;
  /** `null` when no packet passed. */
  readonly medianMs: number | null;
  readonly minMs: number | null;
  readonly p95Ms: number | null;
  readonly maxMs: number | null;
}

/** One packet as the relay saw it. */
export interface HoldRecord {
  /** When it arrived at the relay, epoch ms. */
  readonly at: number;
  /** How long it was really held, in ms; `null` = dropped. */
  readonly holdMs: number | null;
  /** How long it was meant to be held, in ms: what the impairments drew for it; `null` = to be dropped. */
  readonly plannedMs: number | null;
  readonly bytes: number;
  readonly kind: PacketKind;
}

const kinds: readonly PacketKind[] = ["stun", "dtls", "other"];
const FIRST_CAPACITY = 256;

/** The truth about one direction of one link, five numbers a packet. */
export class HoldLog {
  readonly #limit: number;
  #columns = columnsOf(FIRST_CAPACITY);
  #length = 0;
  #unlogged = 0;

  /** @param limit at most this many packets are kept; later ones are only counted */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Packets that came after the log was full. */
  get unlogged(): number {
    return this.#unlogged;
  }

  /**
   * @param arrivedAt on the clock of `performance.now()`
   * @param holdMs how long it was really held; `null` = dropped
   * @param plannedMs how long it was meant to be
   */
  add(
    arrivedAt: number,
    holdMs: number | null,
    plannedMs: number | null,
    bytes: number,
    kind: PacketKind,
  ): void {
    if (this.#length >= this.#limit) {
      this.#unlogged += 1;
      return;
    }
    const index = this.#length;
    this.#length += 1;
    if (index === this.#columns.at.length) this.#grow();
    this.#columns.at[index] = arrivedAt;
    this.#columns.hold[index] = holdMs ?? Number.NaN;
    this.#columns.planned[index] = plannedMs ?? Number.NaN;
    this.#columns.bytes[index] = bytes;
    this.#columns.kind[index] = kinds.indexOf(kind);
  }

  *records(filter: PacketFilter = {}): Generator<HoldRecord> {
    const { fromAt = 0, untilAt = Number.POSITIVE_INFINITY, minBytes = 0 } = filter;
    const { maxBytes = Number.POSITIVE_INFINITY, kind: wanted = "dtls" } = filter;
    const { at, hold, planned, bytes, kind } = this.#columns;
    for (let i = 0; i < this.#length; i += 1) {
      const record = {
        at: performance.timeOrigin + (at[i] ?? 0),
        holdMs: numberOrNull(hold[i]),
        plannedMs: numberOrNull(planned[i]),
        bytes: bytes[i] ?? 0,
        kind: kinds[kind[i] ?? 0] ?? "other",
      };
      if (record.at < fromAt || record.at >= untilAt) continue;
      if (record.bytes < minBytes || record.bytes > maxBytes) continue;
      if (wanted === null || record.kind === wanted) yield record;
    }
  }

  summary(filter: PacketFilter = {}): HoldSummary {
    const holds: number[] = [];
    let dropped = 0;
    for (const { holdMs } of this.records(filter)) {
      if (holdMs === null) dropped += 1;
      else holds.push(holdMs);
    }
    return {
      packets: holds.length,
      dropped,
      medianMs: quantile(holds, 0.5),
      minMs: quantile(holds, 0),
      p95Ms: quantile(holds, 0.95),
      maxMs: quantile(holds, 1),
    };
  }

  #grow(): void {
    const larger = columnsOf(Math.min(this.#limit, this.#columns.at.length * 2));
    larger.at.set(this.#columns.at);
    larger.hold.set(this.#columns.hold);
    larger.planned.set(this.#columns.planned);
    larger.bytes.set(this.#columns.bytes);
    larger.kind.set(this.#columns.kind);
    this.#columns = larger;
  }
}

const numberOrNull = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;

function columnsOf(capacity: number) {
  return {
    at: new Float64Array(capacity),
    hold: new Float64Array(capacity),
    planned: new Float64Array(capacity),
    bytes: new Uint32Array(capacity),
    kind: new Uint8Array(capacity),
  };
}
