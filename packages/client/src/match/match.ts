import type { JsonValue, ServerMessages, Signal } from "@probematch/shared";
import { Emitter, type Listenable } from "../emitter.js";
import type { PingLink } from "../probe/pingLink.js";
import type { Send } from "../session/wire.js";
import { LinkMonitor } from "./linkMonitor.js";
import { type Peer, PeerImpl, type ReceivedData } from "./peer.js";

/** Why a match is over for this page. */
export type MatchEnd = "done" | "left" | "ended" | "replaced";

export interface MatchEvents {
  /** A peer's data; every member's come here as well as to the peer's own listeners. */
  message: { readonly peer: Peer; readonly data: ReceivedData };
  /** A peer's page lost its server or came back, or its link ended. */
  peerStatus: Peer;
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
  /** What the study's `onMatch` hook returned for everybody. */
  readonly room: JsonValue;
  /** Which arm of the study the group was given; `null` where the scene has no treatments. */
  readonly treatment: Treatment | null;
  /** The match was made before this page was loaded: its links are gone, signaling and room are not. */
  readonly resumed: boolean;
  /** True after {@link Match.done}, or when the participation ended otherwise. */
  readonly closed: boolean;
  /** The page needs the links no more: closes them and tells the server. Idempotent. */
  done(): void;
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
  readonly #links: ReadonlyMap<string, PingLink>;
  readonly #send: Send;
  readonly #monitor: LinkMonitor;

  constructor(message: ServerMessages["matched"], links: ReadonlyMap<string, PingLink>, send: Send) {
    super();
    this.id = message.matchId;
    this.seat = message.seat;
    this.groupSize = message.groupSize;
    this.room = message.room;
    this.treatment = message.treatment ?? null;
    this.resumed = message.resumed;
    this.#links = links;
    this.#send = send;
    this.peers = message.peers.map((info) => {
      const link = info.probeId === null ? undefined : links.get(info.probeId);
      const peer = new PeerImpl(info, link ?? null, (from, data) =>
        this.emit("message", { peer: from, data }),
      );
      if (link !== undefined) link.onEnd = () => this.#changed(peer);
      return peer;
    });
    this.#monitor = new LinkMonitor(
      [...links.values()],
      (link, rttMs) => this.#measured(link, rttMs),
      (reports) => send("linkReport", { matchId: this.id, links: reports }),
    );
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
    for (const link of this.#links.values()) link.close();
    this.emit("close", reason);
    this.removeAllListeners();
    for (const peer of this.peers) peer.removeAllListeners();
  }

  /** The server told the match again, after the connection had been lost. */
  update(message: ServerMessages["matched"]): void {
    for (const { seat, connected } of message.peers) this.peerStatus(seat, connected);
  }

  peerStatus(seat: number, connected: boolean): void {
    const peer = this.peers.find((p) => p.seat === seat);
    if (this.closed || peer === undefined || peer.connected === connected) return;
    peer.connected = connected;
    this.#changed(peer);
  }

  /** A signal for one of the links; candidates may come late. */
  signal(probeId: string, signal: Signal): boolean {
    const link = this.#links.get(probeId);
    link?.link.signal(signal);
    return link !== undefined;
  }

  #changed(peer: PeerImpl): void {
    peer.emit("status", peer);
    this.emit("peerStatus", peer);
  }

  #measured(link: PingLink, rttMs: number): void {
    const peer = this.peers.find((p) => p.pingLink === link);
    if (peer === undefined) return;
    peer.latencyMs = rttMs;
    peer.emit("latency", peer);
    this.emit("latency", peer);
  }
}
