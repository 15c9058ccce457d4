import { PendingPings } from "../rtt/pendingPings.js";
import type { Pinger } from "./pinger.js";

const EVERY_MS = 1000;
const TIMEOUT_MS = 2000;
/** Apart from the numbers of the probe's own pings, whose late answers may still come. */
const FIRST_SEQ = 0x1_0000;

export interface LinkWatchHandlers {
  /** Any frame of the other end. */
  onHeard(): void;
  /** `null`: a ping was lost. */
  onSample(rttMs: number | null): void;
}

/**
 * Goes on pinging a link once a second after its probe.
 *
 * @returns ends it. Idempotent
 */
export function watchLink(pinger: Pinger, { onHeard, onSample }: LinkWatchHandlers): () => void {
  const pending = new PendingPings(TIMEOUT_MS);
  let seq = FIRST_SEQ;
  const timer = setInterval(() => {
    for (const _ of pending.expire(performance.now())) onSample(null);
    if (!pinger.isOpen) return;
    seq += 1;
    pending.sent(seq, pinger.ping(seq));
  }, EVERY_MS);
  pinger.onPing = onHeard;
  pinger.onPong = (answered, at) => {
    onHeard();
    const rttMs = pending.answered(answered, at);
    if (rttMs !== null) onSample(rttMs);
  };
  return () => {
    clearInterval(timer);
    pinger.onPing = pinger.onPong = null;
  };
}
