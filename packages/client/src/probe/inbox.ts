/** What can be sent to a peer. */
export type SendableData = string | ArrayBuffer | ArrayBufferView;
/** What comes from a peer: text as a string, everything else as an ArrayBuffer. */
export type ReceivedData = string | ArrayBuffer;

/** Data that came before anybody listened; past this many the oldest is dropped. */
const UNDELIVERED_LIMIT = 1024;

/** Keeps what a peer sends until somebody listens, in order. */
export class Inbox {
  #onData: ((data: ReceivedData) => void) | null = null;
  #undelivered: ReceivedData[] = [];

  receive(data: ReceivedData): void {
    if (this.#onData !== null) this.#onData(data);
    else this.#undelivered.push(data);
    if (this.#undelivered.length > UNDELIVERED_LIMIT) this.#undelivered.shift();
  }

  /** Data received so far is delivered at once, in order. */
  deliverTo(onData: (data: ReceivedData) => void): void {
    this.#onData = onData;
    for (const data of this.#undelivered.splice(0)) onData(data);
  }

  close(): void {
    this.#onData = null;
  }
}
