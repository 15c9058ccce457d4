import type { JsonValue, PairLatency, ServerMessages } from "@probematch/shared";
import { Emitter, type Listenable } from "../emitter.js";
import type { Measuring } from "../measuring/measuring.js";
import type { PingLink } from "../probe/pingLink.js";
import type { Send } from "../session/wire.js";
import { LinkMonitor } from "./linkMonitor.js";
import { type Peer, PeerImpl, type ReceivedData } from "./peer.js";
import { PeerLink } from "./peerLink.js";

/** Why a match is over for this page. */
export type MatchEnd = "done" | "left" | "ended" | "replaced";

export interface MatchEvents {
  /** A peer's data; every member's come here as well as to the peer's own listeners. */
  message: { readonly peer: Peer; readonly data: ReceivedData };
  /** {@link Peer.connected}, {@link Peer.link} or {@link Peer.open} of a peer changed. */
  peerStatus: Peer;
  /**
   * A peer cannot be reached as it was: the server lost its page (`signaling`, known at once when a tab is closed), or packets no longer
   * get through (`link`). A link is mended by itself; {@link MatchEvents."peer-back"} or {@link MatchEvents."peer-gone"} follows.
   */
  "peer-lost": { readonly peer: Peer; readonly cause: "signaling" | "link" };
  /**
   * A lost peer is here again, page and link. `fresh`: over a new connection, so that what was under way when the old one broke
   * may never have arrived, and media has to be added again; otherwise nothing that was sent reliably is missing.
   */
  "peer-back": { readonly peer: Peer; readonly fresh: boolean };
  /**
   * The link to a lost peer could not be mended in time (`reconnectMs`). Should its page come back all the same, then so does the
   * link, with `peer-back`.
   */
  "peer-gone": { readonly peer: Peer };
  /** A peer's latest RTT, once a second for each. */
  latency: Peer;
  /** Over for this page; the links are closed. */
  close: MatchEnd;
}

/** What a match was given by the scene's `treatments`. */
export interface Treatment {
  /** The arm, or the first one where the group goes through all. */
  readonly arm: string;
  /** The arms in the order in which the group goes through them; one, unless the scene assigns a Latin square. */
  readonly order: readonly string[];
}

/** A formed match, on the connections that were measured. */
export interface Match extends Listenable<MatchEvents> {
  readonly id: string;
  /** This page's index in the match. */
  readonly seat: number;
  readonly groupSize: number;
  /** The other members, by seat. */
  readonly peers: readonly Peer[];
  /** The measurements that decided, one per peer and in the order of `peers`; `null` where the scene measures nothing. */
  readonly latency: readonly (PairLatency | null)[];
  /** What the study's `onMatch` hook returned for everybody. */
  readonly room: JsonValue;
  /** Which arm of the study the group was given; `null` where the scene has no treatments. */
  readonly treatment: Treatment | null;
  /** The match was made before this page was loaded: its links are made anew, each with a `peer-back`. */
  readonly resumed: boolean;
  /** True after {@link Match.done}, or when the participation ended otherwise. */
  readonly closed: boolean;
  /** The page needs the links no more: closes them and tells the server. Idempotent. */
  done(): void;
}

export interface MatchContext {
  /** The links that were measured, by probe. None after a reload. */
  readonly links: ReadonlyMap<string, PingLink>;
  readonly send: Send;
  readonly measuring: Measuring;
  readonly reconnectMs: number;
}

/** @internal */
export class MatchImpl extends Emitter<MatchEvents> implements Match {
  readonly id: string;
  readonly seat: number;
  readonly groupSize: number;
  readonly peers: readonly PeerImpl[];
  readonly room: JsonValue;
  readonly treatment: Treatment | null;
  readonly resumed: boolean;
  closed = false;
  readonly #send: Send;
  readonly #monitor: LinkMonitor;
  readonly #byProbe = new Map<string, PeerImpl>();
  /** What the page was last told of each peer, and the round of the connection that it last had. */
  readonly #shown = new Map<PeerImpl, Pick<Peer, "lost" | "link"> & { readonly round: number }>();

  constructor(message: ServerMessages["matched"], { links, send, measuring, reconnectMs }: MatchContext) {
    super();
    this.id = message.matchId;
    this.seat = message.seat;
    this.groupSize = message.groupSize;
    this.room = message.room;
    this.treatment = message.treatment ?? null;
    this.resumed = message.resumed;
    this.#send = send;
    this.#monitor = new LinkMonitor(
      (probeId, rttMs) => this.#measured(probeId, rttMs),
      (reports) => send("linkReport", { matchId: this.id, links: reports }),
    );
    this.peers = message.peers.map((info) => {
      const peer = new PeerImpl(info, (from, data) => this.emit("message", { peer: from, data }));
      const { probeId } = info;
      if (probeId !== null) {
        peer.peerLink = new PeerLink({
          probeId,
          link: links.get(probeId) ?? null,
          giveUpAfterMs: reconnectMs,
          isReachable: () => peer.connected,
          send,
          measuring,
          onLink: (link, owner) => this.#monitor.watch(link, owner),
          onState: () => this.#changed(peer),
        });
        this.#byProbe.set(probeId, peer);
      }
      this.#shown.set(peer, { lost: peer.lost, link: peer.link, round: peer.peerLink?.round ?? 0 });
      return peer;
    });
  }

  get latency(): readonly (PairLatency | null)[] {
    return this.peers.map(({ latency }) => latency);
  }

  override on<K extends keyof MatchEvents>(
    event: K,
    listener: (payload: MatchEvents[K]) => void,
  ): () => void {
    if (event === "message") for (const peer of this.peers) peer.deliver();
    return super.on(event, listener);
  }

  done(): void {
    if (this.closed) return;
    this.sayDone();
    this.close("done");
  }

  /** Also said again after a lost connection, during which the page was done. */
  sayDone(): void {
    this.#send("matchDone", { matchId: this.id });
  }

  /** Idempotent. */
  close(reason: MatchEnd): void {
    if (this.closed) return;
    this.closed = true;
    this.#monitor.stop();
    for (const { peerLink } of this.peers) peerLink?.close();
    this.emit("close", reason);
    this.removeAllListeners();
    for (const peer of this.peers) peer.removeAllListeners();
  }

  /** The server told the match again, after the connection had been lost. */
  update(message: ServerMessages["matched"]): void {
    for (const { seat, connected } of message.peers) this.peerStatus(seat, connected);
    if (!this.closed) for (const { peerLink } of this.peers) peerLink?.wake();
  }

  peerStatus(seat: number, connected: boolean): void {
    const peer = this.peers.find((p) => p.seat === seat);
    if (this.closed || peer === undefined || peer.connected === connected) return;
    peer.connected = connected;
    this.#changed(peer);
    if (connected) peer.peerLink?.wake();
  }

  /** A signal for one of the links; candidates may come late. */
  signal({ probeId, signal, round }: ServerMessages["probeSignal"]): boolean {
    const link = this.#byProbe.get(probeId)?.peerLink;
    link?.signal(signal, round);
    return link != null;
  }

  repair(order: ServerMessages["linkRepair"]): void {
    if (!this.closed) this.#byProbe.get(order.probeId)?.peerLink?.repair(order);
  }

  #changed(peer: PeerImpl): void {
    const before = this.#shown.get(peer);
    // Not yet shown to anybody: the match is being made.
    if (before === undefined || this.closed) return;
    const { lost, link } = peer;
    const round = lost ? before.round : (peer.peerLink?.round ?? 0);
    this.#shown.set(peer, { lost, link, round });
    peer.emit("status", peer);
    this.emit("peerStatus", peer);
    if (lost && !before.lost) this.emit("peer-lost", { peer, cause: peer.connected ? "link" : "signaling" });
    if (link === "given_up" && before.link !== "given_up") this.emit("peer-gone", { peer });
    if (!lost && before.lost) this.emit("peer-back", { peer, fresh: round !== before.round });
  }

  #measured(probeId: string, rttMs: number): void {
    const peer = this.#byProbe.get(probeId);
    if (peer === undefined) return;
    peer.latencyMs = rttMs;
    peer.emit("latency", peer);
    this.emit("latency", peer);
  }
}
