import { networkInterfaces } from "node:os";
import type { Signal } from "@probematch/shared";
import type { HoldRecord, HoldSummary, PacketFilter } from "./holdLog.js";
import { completeImpairment, type Impairment, isUnimpaired } from "./impairment.js";
import { seededRandom } from "./random.js";
import { otherSide, RelayLink, type Side } from "./relayLink.js";
import { ReleaseQueue } from "./releaseQueue.js";
import { redirectSignal } from "./signalRewrite.js";

export interface DelayRelayOptions {
  /**
   * The IPv4 address the relay's sockets are bound to and browsers are told. Default: the machine's first address
   * that is not loopback, else 127.0.0.1. Browsers must be able to send there from the address they gather.
   */
  readonly host?: string;
  /** Makes jitter and losses repeatable. Default `probematch`. */
  readonly seed?: string;
  /** What every packet in every direction passes through, besides what its participants add. Default: nothing. */
  readonly impairment?: Partial<Impairment>;
  /**
   * Leaves a link alone (no relay, the browsers' own candidates) when neither the relay nor, so far as they are known,
   * its participants delay or drop anything at the time of its first signal. Default `false`.
   */
  readonly skipUnimpaired?: boolean;
  /** Packets logged per direction of a link. Default 20,000. */
  readonly maxLogged?: number;
  /**
   * Stay awake while packets pass, and for 50 ms after the last one: then the log misses next to nothing of a packet's way
   * through the relay, and one core is busy. For calibrations. Default `false`.
   */
  readonly alert?: boolean;
  /** A link without packets for this long gives its sockets back; its log stays. Default 120,000. */
  readonly idleMs?: number;
  /** Logs kept of links that are closed; the oldest are forgotten. Default 1,000. */
  readonly maxLinks?: number;
}

/** What a link really did to the packets that passed it. */
export interface LinkTruth {
  /** The participants in the order their signals came; the second is `null` as long as it is unknown. */
  readonly participants: readonly [string, string | null];
  /** Packets sent by the first participant. */
  readonly aToB: HoldSummary;
  /** Packets sent by the second. */
  readonly bToA: HoldSummary;
  /** What the relay added to the pair's RTT: the median hold there and the median hold back, in ms. */
  readonly addedRttMs: number | null;
}

export interface DelayRelay {
  readonly host: string;
  /**
   * Changes a signal so that the pair's packets pass the relay. Give every signal of a pair to it, in both directions.
   *
   * @param probeId names the pair's link; both of its participants use the same one
   * @param from the participant whose browser made the signal
   * @param to the other one, where known: its delay then counts from the first packet on
   * @returns the signal to hand on
   */
  rewrite(probeId: string, from: string, signal: Signal, to?: string): Signal;
  /** Sets what every packet passes through, from now on. */
  setImpairment(impairment: Partial<Impairment>): void;
  /**
   * Sets what a participant's own packets pass through on their way out and in, from now on, in every link it has.
   * Both participants' delays add up: a participant with `delayMs: 50` has 100 ms more RTT to everybody.
   *
   * @param directions the same for both, or each direction on its own; `null` = nothing any more
   */
  setParticipant(
    participant: string,
    directions: Partial<Impairment> | { out?: Partial<Impairment>; in?: Partial<Impairment> } | null,
  ): void;
  /** Links known, oldest first. */
  links(): readonly { readonly probeId: string; readonly participants: readonly [string, string | null] }[];
  /** What really happened on a link; `null` when it is unknown or was skipped. */
  truth(probeId: string, filter?: PacketFilter): LinkTruth | null;
  /** Every logged packet a participant sent on a link, in the order they left or were dropped. */
  records(probeId: string, from: string, filter?: PacketFilter): readonly HoldRecord[];
  /** Sets {@link DelayRelayOptions.alert} for the links to come. */
  setAlert(alert: boolean): void;
  /** Closes all sockets and drops what is held; logs stay readable. Idempotent. */
  close(): void;
}

interface Entry {
  readonly names: [string, string | null];
  /** `null` = left alone. */
  readonly link: RelayLink | null;
}

interface Directions {
  readonly out: Impairment;
  readonly in: Impairment;
}

/**
 * Starts a UDP relay that delays, shuffles and drops the packets between two browsers and knows to a fraction of a
 * millisecond what it really did. It needs no rights and no special network: the signaling server hands every WebRTC
 * signal through {@link DelayRelay.rewrite}, and the browsers connect to the relay instead of to each other.
 *
 * @example
 * const relay = createDelayRelay({ seed: "42" });
 * relay.setParticipant("ada", { delayMs: 40 }); // 80 ms of RTT to everybody
 * // in the signaling server, for each signal:
 * const changed = relay.rewrite(probeId, fromParticipantId, signal, toParticipantId);
 * // afterwards:
 * relay.truth(probeId)?.addedRttMs; // 80.3, say: what was really added
 */
export function createDelayRelay(options: DelayRelayOptions = {}): DelayRelay {
  const { host = defaultRelayHost(), seed = "probematch", skipUnimpaired = false } = options;
  const { maxLogged = 20_000, idleMs = 120_000, maxLinks = 1000 } = options;
  const queue = new ReleaseQueue();
  const entries = new Map<string, Entry>();
  const participants = new Map<string, Directions>();
  let alert = options.alert ?? false;
  let everywhere = completeImpairment(options.impairment ?? {});
  let opened = 0;
  let closed = false;

  function path(names: readonly (string | null)[], from: Side): readonly Impairment[] {
    const sender = names[from];
    const receiver = names[otherSide(from)];
    const out = sender == null ? undefined : participants.get(sender)?.out;
    const into = receiver == null ? undefined : participants.get(receiver)?.in;
    return [everywhere, out, into].filter((step) => step !== undefined);
  }

  function open(probeId: string, from: string, to: string | undefined): Entry {
    const names: [string, string | null] = [from, to ?? null];
    const skip = skipUnimpaired && [...path(names, 0), ...path(names, 1)].every(isUnimpaired);
    opened += 1;
    const ordinal = opened;
    const link = skip
      ? null
      : new RelayLink({
          host,
          queue,
          maxLogged,
          alert,
          random: (side) => seededRandom(`${seed}/${ordinal}/${side}`),
          path: (side) => path(names, side),
        });
    const entry = { names, link };
    entries.set(probeId, entry);
    forgetOldest();
    return entry;
  }

  function forgetOldest(): void {
    for (const [probeId, { link }] of entries) {
      if (entries.size <= maxLinks) return;
      link?.close();
      entries.delete(probeId);
    }
  }

  const sweep = setInterval(() => {
    const idleSince = performance.now() - idleMs;
    for (const { link } of entries.values()) {
      if (link !== null && link.lastPacketAt < idleSince) link.close();
    }
  }, idleMs / 4);
  sweep.unref();

  return {
    host,
    rewrite(probeId, from, signal, to) {
      const entry = entries.get(probeId) ?? open(probeId, from, to);
      const side = sideOf(entry, from);
      if (side === null) {
        throw new Error(
          `link ${probeId} belongs to ${entry.names.join(" and ")}: ${from} cannot signal on it; give every link its own id`,
        );
      }
      if (entry.link === null || entry.link.closed || closed) return signal;
      return redirectSignal(signal, entry.link.standInFor(side));
    },
    setImpairment(impairment) {
      everywhere = completeImpairment(impairment);
    },
    setParticipant(participant, directions) {
      if (directions === null) {
        participants.delete(participant);
      } else if ("out" in directions || "in" in directions) {
        participants.set(participant, {
          out: completeImpairment(directions.out ?? {}),
          in: completeImpairment(directions.in ?? {}),
        });
      } else {
        const both = completeImpairment(directions as Partial<Impairment>);
        participants.set(participant, { out: both, in: both });
      }
    },
    links: () =>
      [...entries]
        .filter(([, { link }]) => link !== null)
        .map(([probeId, { names }]) => ({ probeId, participants: names })),
    truth(probeId, filter) {
      const entry = entries.get(probeId);
      if (entry?.link == null) return null;
      const aToB = entry.link.log(0).summary(filter);
      const bToA = entry.link.log(1).summary(filter);
      const known = aToB.medianMs !== null && bToA.medianMs !== null;
      return {
        participants: entry.names,
        aToB,
        bToA,
        addedRttMs: known ? (aToB.medianMs ?? 0) + (bToA.medianMs ?? 0) : null,
      };
    },
    records(probeId, from, filter) {
      const entry = entries.get(probeId);
      const side = entry === undefined ? -1 : entry.names.indexOf(from);
      if (entry?.link == null || side < 0) return [];
      return [...entry.link.log(side as Side).records(filter)];
    },
    setAlert(isAlert) {
      alert = isAlert;
    },
    close() {
      if (closed) return;
      closed = true;
      clearInterval(sweep);
      queue.clear();
      for (const { link } of entries.values()) link?.close();
    },
  };
}

function sideOf(entry: Entry, from: string): Side | null {
  if (entry.names[0] === from) return 0;
  entry.names[1] ??= from;
  return entry.names[1] === from ? 1 : null;
}

/**
 * The address browsers on this machine reach and can send from: its first IPv4 address besides 127.0.0.0/8, also one
 * that only exists on the loopback interface (as inside a test's network namespace), else 127.0.0.1.
 */
export function defaultRelayHost(): string {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family, address }) => family === "IPv4" && !address.startsWith("127."));
  const outside = addresses.find(({ internal }) => !internal) ?? addresses[0];
  return outside?.address ?? "127.0.0.1";
}
