import type { Signal } from "@probematch/shared";

/**
 * New offers on a connection that stands: a restart of ICE, or media that the page added. Either end may make one at any time,
 * also both at once, by the "perfect negotiation" pattern of the WebRTC recommendation (W3C WebRTC 1.0, section 10.7): of two
 * offers that cross, the polite end takes its own back. A signal that does not fit is dropped: what matters is that the
 * connection goes on, and whoever needs an answer offers again.
 */
export class Negotiation {
  readonly #connection: RTCPeerConnection;
  readonly #polite: boolean;
  readonly #tell: (signal: Signal) => void;
  readonly #listening = new AbortController();
  #making = false;
  #ignoring = false;
  /** One signal after the other: each takes several asynchronous steps. */
  #lane: Promise<void> = Promise.resolve();

  constructor(connection: RTCPeerConnection, polite: boolean, tell: (signal: Signal) => void) {
    this.#connection = connection;
    this.#polite = polite;
    this.#tell = tell;
    const { signal } = this.#listening;
    connection.addEventListener("negotiationneeded", () => void this.#offer(), { signal });
    connection.addEventListener(
      "icecandidate",
      ({ candidate }) => {
        if (candidate !== null) tell({ type: "candidate", candidate: toSignal(candidate) });
      },
      { signal },
    );
  }

  signal(signal: Signal): void {
    this.#lane = this.#lane.then(async () => {
      if (this.#listening.signal.aborted) return;
      try {
        await this.#take(signal);
      } catch {
        // Late, for an offer that was taken back, or nonsense.
      }
    });
  }

  /**
   * An offer that was not answered, perhaps because it got lost, is told once more. Otherwise ICE looks for a path again.
   *
   * @param isNew `false`: nothing more than that
   */
  restart(isNew: boolean): void {
    if (this.#connection.signalingState === "have-local-offer") this.#tellDescription();
    else if (isNew) this.#connection.restartIce();
  }

  /** Idempotent. */
  close(): void {
    this.#listening.abort();
  }

  async #offer(): Promise<void> {
    this.#making = true;
    try {
      await this.#connection.setLocalDescription();
      this.#tellDescription();
    } catch {
      // The connection was closed meanwhile, or is no longer in a state to offer; then the event comes again.
    } finally {
      this.#making = false;
    }
  }

  async #take(signal: Signal): Promise<void> {
    const connection = this.#connection;
    if (signal.type === "candidate") {
      if (!this.#ignoring) await connection.addIceCandidate(signal.candidate as RTCIceCandidateInit);
      return;
    }
    const crosses = signal.type === "offer" && (this.#making || connection.signalingState !== "stable");
    this.#ignoring = crosses && !this.#polite;
    if (this.#ignoring) return;
    await connection.setRemoteDescription(signal);
    if (signal.type !== "offer") return;
    await connection.setLocalDescription();
    this.#tellDescription();
  }

  #tellDescription(): void {
    const description = this.#connection.localDescription;
    if (description === null || this.#listening.signal.aborted) return;
    const { type, sdp } = description;
    if (type === "offer" || type === "answer") this.#tell({ type, sdp });
  }
}

function toSignal({ candidate, sdpMid, sdpMLineIndex, usernameFragment }: RTCIceCandidate) {
  return { candidate, sdpMid, sdpMLineIndex, usernameFragment };
}
