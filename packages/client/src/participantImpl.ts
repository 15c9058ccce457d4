import type { BeaconRtts, Outcome, RttStats, ServerMessages } from "@probematch/shared";
import { Emitter } from "./emitter.js";
import { MatchImpl } from "./match/match.js";
import { Measuring } from "./measuring/measuring.js";
import type { CheckedOptions } from "./options.js";
import type { MatchResult, Participant, ParticipantEvents, ParticipantStatus } from "./participant.js";
import { Probes } from "./probe/probes.js";
import { hasWebrtc } from "./probe/support.js";
import { Beacons } from "./rtt/beacons.js";
import { ServerRtt } from "./rtt/serverRtt.js";
import { ResumeStore } from "./session/resumeStore.js";
import { type ConnectionState, Session } from "./session/session.js";
import type { ServerHandlers } from "./session/wire.js";

type FinalState = Extract<ConnectionState, { status: "replaced" | "refused" | "closed" }>;

/** Turns the server's messages into a participant's state. @internal */
export class ParticipantImpl extends Emitter<ParticipantEvents> implements Participant {
  status: ParticipantStatus = "connecting";
  id: string | null = null;
  connection: ConnectionState = { status: "connecting" };
  outcome: Outcome | null = null;
  serverRtt: RttStats | null = null;
  beaconRttMs: BeaconRtts = {};
  readonly #session: Session;
  readonly #resume: ResumeStore;
  readonly #measuring: Measuring;
  readonly #probes: Probes;
  readonly #beacons: Beacons;
  readonly #waiters = new Set<(result: MatchResult) => void>();
  #rtt: ServerRtt | null = null;
  #match: MatchImpl | null = null;
  #result: MatchResult | null = null;
  #confirmed: string | null = null;
  /** The connection came back and the server has not yet said where this participant stands. */
  #mustCatchUp = false;
  #hasLeft = false;

  readonly #reconnectMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => this.leave();

  constructor({
    url,
    identity,
    storage,
    measureWhileHidden,
    measureIn,
    reconnectMs,
    signal,
  }: CheckedOptions) {
    super();
    this.#reconnectMs = reconnectMs;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    // First of all: the sooner it lives the better, and it costs this thread nothing.
    this.#measuring = new Measuring(measureIn);
    this.#measuring.start();
    this.#resume = new ResumeStore(storage, { url: url.href, scene: identity.scene }, identity);
    this.#session = new Session({
      url,
      identity: { ...identity, webrtc: hasWebrtc() },
      resume: this.#resume,
      handlers: this.#handlers,
      onLost: () => this.#lost(),
      onRefused: ({ code, message }) =>
        this.#finish("refused", { status: "refused", code, message }, { status: "refused", code, message }),
      onGarbage: (event, message) => this.emit("problem", { kind: "server_message", event, message }),
    });
    this.#probes = new Probes({
      measureWhileHidden,
      measuring: this.#measuring,
      send: this.#session.send,
      onReport: (probeId, report) => this.emit("measured", { probeId, report }),
    });
    this.#beacons = new Beacons({
      measureWhileHidden,
      mayMeasure: () => this.status !== "probing",
      onReport: (beaconRttMs) => {
        this.beaconRttMs = { ...this.beaconRttMs, ...beaconRttMs };
        this.#session.send("beaconReport", { beaconRttMs });
        this.emit("beaconRtt", beaconRttMs);
      },
    });
    this.#session.open();
  }

  match({ signal }: { readonly signal?: AbortSignal } = {}): Promise<MatchResult> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (this.#result !== null) return resolve(this.#result);
      const abort = () => {
        this.#waiters.delete(settle);
        reject(signal?.reason);
      };
      const settle = (result: MatchResult) => {
        signal?.removeEventListener("abort", abort);
        resolve(result);
      };
      this.#waiters.add(settle);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#resume.forget();
    this.#match?.close("left");
    this.#over(this.#match === null ? "left" : "matched");
    this.removeAllListeners();
  }

  readonly #handlers: ServerHandlers = {
    welcome: ({ participantId, resumeToken, resumed, serverRtt, measures = false, beacons = [] }) => {
      this.id = participantId;
      this.#session.welcomed(resumeToken, participantId);
      this.#rtt?.stop();
      this.#rtt = new ServerRtt({
        parameters: serverRtt,
        sendEcho: (seq) => this.#session.send("echo", { seq }),
        onReport: (rtt) => {
          this.serverRtt = rtt;
          this.#session.send("rttReport", { rtt });
          this.emit("serverRtt", rtt);
        },
      });
      this.#rtt.start();
      if (this.#match === null) {
        this.#beacons.start(beacons);
        if (measures) this.#probes.expect();
        else this.#measuring.close();
      }
      this.#setConnection({ status: "connected", resumed });
    },
    echoed: ({ seq }) => this.#rtt?.answered(seq),
    serverEcho: ({ seq }) => this.#session.send("serverEchoed", { seq }),
    waiting: (waiting) => {
      if (this.#result !== null) return;
      // Held by a proposal one still waits. Only after a lost connection it says that there is no proposal any more.
      if (this.#mustCatchUp) this.#dropProposal();
      this.#mustCatchUp = false;
      if (this.status === "connecting") this.status = "waiting";
      this.emit("waiting", waiting);
    },
    probing: ({ proposalId, members }) => {
      if (this.#result !== null) return;
      this.#mustCatchUp = false;
      this.#probes.closeExcept(proposalId);
      this.status = "probing";
      this.emit("probing", { members });
    },
    probePrepare: (order) => {
      if (this.#result === null) this.#probes.prepare(order);
    },
    probeStart: ({ probeId }) => this.#probes.start(probeId),
    probeSignal: (message) => {
      if (!this.#match?.signal(message)) this.#probes.signal(message.probeId, message.signal);
    },
    linkRepair: (order) => this.#match?.repair(order),
    confirm: ({ proposalId }) => {
      // Without an answer the server releases the proposal: a link that broke in between is found here.
      if (!this.#probes.areOpen(proposalId)) return;
      this.#confirmed = proposalId;
      this.#session.send("confirmed", { proposalId });
    },
    released: ({ proposalId, reason }) => {
      this.#probes.close(proposalId);
      this.#confirmed = null;
      if (this.status === "probing") this.status = "waiting";
      this.emit("released", { reason });
    },
    matched: (message) => this.#matched(message),
    peerStatus: ({ matchId, seat, connected }) => {
      if (this.#match?.id === matchId) this.#match.peerStatus(seat, connected);
    },
    ended: ({ outcome }) => {
      this.#match?.close("ended");
      this.#over(outcome);
    },
    refused: ({ code, event, message }) => this.emit("problem", { kind: "refused", code, event, message }),
    replaced: () => {
      this.#match?.close("replaced");
      this.#finish("replaced", { status: "replaced" }, { status: "replaced" });
    },
  };

  #matched(message: ServerMessages["matched"]): void {
    this.#mustCatchUp = false;
    if (this.#match?.id === message.matchId) {
      if (this.#match.closed) this.#match.sayDone();
      else this.#match.update(message);
      return;
    }
    if (this.#result !== null) return;
    const probeIds = message.peers.flatMap(({ probeId }) => probeId ?? []);
    this.#match = new MatchImpl(message, {
      links: this.#probes.handOver(probeIds),
      send: this.#session.send,
      measuring: this.#measuring,
      reconnectMs: this.#reconnectMs,
    });
    this.#match.once("close", () => this.#measuring.close());
    this.#beacons.stop();
    this.status = "matched";
    this.#settle({ status: "matched", match: this.#match });
    this.emit("matched", this.#match);
  }

  #lost(): void {
    this.#rtt?.stop();
    this.#beacons.stop();
    // The server releases a proposal when a member is gone. What this page has confirmed may be a match by now,
    // though: its links are kept until the server says.
    if (this.#confirmed === null) this.#dropProposal();
    else this.#probes.closeExcept(this.#confirmed);
    this.#mustCatchUp = true;
    this.#setConnection({ status: "lost" });
  }

  #dropProposal(): void {
    this.#confirmed = null;
    this.#probes.closeExcept(null);
    if (this.status === "probing") this.status = "waiting";
  }

  #over(outcome: Outcome): void {
    this.#finish("ended", { status: "ended", outcome }, { status: "closed" });
  }

  /** Final. A match that is still open stays open when only the server's side of things has ended. */
  #finish(status: "ended" | "refused" | "replaced", result: MatchResult, state: FinalState): void {
    const isFirst = this.status !== "ended" && this.status !== "refused" && this.status !== "replaced";
    if (this.#hasLeft) this.#session.leave();
    else this.#session.close();
    this.#rtt?.stop();
    this.#beacons.stop();
    this.#probes.closeExcept(null);
    if (this.#match === null) this.#measuring.close();
    if (!isFirst) return;
    this.status = status;
    if (result.status === "ended") this.outcome = result.outcome;
    this.#settle(result);
    this.#setConnection(state);
    if (result.status === "ended") this.emit("ended", { outcome: result.outcome });
  }

  /** What came first stays: a match is not unmade by what follows it. */
  #settle(result: MatchResult): void {
    this.#result ??= result;
    for (const settle of this.#waiters) settle(this.#result);
    this.#waiters.clear();
  }

  #setConnection(state: ConnectionState): void {
    this.connection = state;
    this.emit("connection", state);
  }
}
