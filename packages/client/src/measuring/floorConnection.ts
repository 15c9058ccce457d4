/** A page that has not found the way to itself by then is not waited for. */
const SETTLE_MS = 100;

/**
 * The page's connection to itself, of which {@link FloorMeter} learns what the browser adds to an RTT. Connections are made by
 * pages only; its two channels are given to whoever measures.
 */
export class FloorConnection {
  readonly #adopt: (channels: readonly RTCDataChannel[]) => void;
  readonly #drop: () => void;
  #ends: readonly [RTCPeerConnection, RTCPeerConnection] | null = null;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #onSettled: (() => void)[] = [];

  /**
   * @param adopt takes the channels in the moment they are made; what it throws means that there is no floor
   * @param drop lets them go
   */
  constructor(adopt: (channels: readonly RTCDataChannel[]) => void, drop: () => void) {
    this.#adopt = adopt;
    this.#drop = drop;
  }

  /**
   * Connects the page to itself, and again where that connection broke (the network changed); where it fails there is no
   * floor. Costs the browser some 30 ms of work: better long before a probe than beside its set-up.
   */
  open(): void {
    if (this.#isBroken) this.close();
    if (this.#ends !== null) return;
    try {
      const asking = new RTCPeerConnection();
      const answering = new RTCPeerConnection();
      this.#ends = [asking, answering];
      const options = { negotiated: true, id: 0, ordered: false, maxRetransmits: 0 };
      this.#adopt(this.#ends.map((end) => end.createDataChannel("floor", options)));
      asking.onicecandidate = ({ candidate }) => void add(answering, candidate);
      answering.onicecandidate = ({ candidate }) => void add(asking, candidate);
      this.#settling = setTimeout(() => this.settle(), SETTLE_MS);
      void negotiate(asking, answering);
    } catch {
      this.close();
    }
  }

  /**
   * Calls back at once, or, while the page connects to itself, when that is over: pings to a peer would wait for it, by 3 to 4 ms
   * in Chromium. Only where a peer is so near that its connection stands before this one does.
   */
  whenSettled(go: () => void): void {
    if (this.#settling === undefined) go();
    else this.#onSettled.push(go);
  }

  /** It stands, or is not waited for any longer. */
  settle(): void {
    clearTimeout(this.#settling);
    this.#settling = undefined;
    for (const go of this.#onSettled.splice(0)) go();
  }

  /** Idempotent; {@link FloorConnection.open} starts anew. */
  close(): void {
    this.settle();
    if (this.#ends === null) return;
    this.#drop();
    for (const end of this.#ends) end.close();
    this.#ends = null;
  }

  get #isBroken(): boolean {
    const states = this.#ends?.map(({ connectionState }) => connectionState) ?? [];
    return states.includes("failed") || states.includes("closed");
  }
}

async function negotiate(asking: RTCPeerConnection, answering: RTCPeerConnection): Promise<void> {
  try {
    const offer = await asking.createOffer();
    await asking.setLocalDescription(offer);
    await answering.setRemoteDescription(offer);
    const answer = await answering.createAnswer();
    await answering.setLocalDescription(answer);
    await asking.setRemoteDescription(answer);
  } catch {
    // Closed meanwhile, or refused by the system: the floor stays unknown.
  }
}

async function add(end: RTCPeerConnection, candidate: RTCIceCandidate | null): Promise<void> {
  try {
    if (candidate !== null) await end.addIceCandidate(candidate);
  } catch {
    // One that this end does not understand, or is too late for.
  }
}
