import { medianStandardError, type ProbeParameters, summarizeRtts } from "@probematch/shared";
import { clockStepMs } from "./clockStep.js";
import type { FloorMeter } from "./floor.js";
import { isHidden, LoopWatch } from "./loopWatch.js";
import type { SeriesOutcome } from "./messages.js";
import type { Pinger } from "./pinger.js";
import { PingSeries } from "./pingSeries.js";

/** A probe that pings back-to-back has no rhythm that the floor could be measured in. */
const FLOOR_SPACING_MS = 2;

/**
 * Sends the pings of one probe on an open channel, and watches meanwhile what this thread adds: its way to itself, and how long
 * it stood still.
 *
 * @param onOver told once, unless it is ended before
 * @returns ends it. Idempotent
 */
export function runSeries(
  pinger: Pinger,
  floor: FloorMeter,
  order: { readonly parameters: ProbeParameters; readonly limitMs: number | null },
  onOver: (outcome: SeriesOutcome) => void,
): () => void {
  const series = new PingSeries(order.parameters, performance.now(), order.limitMs, Math.random);
  const watch = new LoopWatch();
  const floorRun = floor.begin(Math.max(FLOOR_SPACING_MS, series.spacingMs));
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;

  const end = () => {
    isOver = true;
    clearTimeout(timer);
    pinger.onPong = pinger.onPing = null;
    watch.stop();
    floorRun.end();
  };
  const summarize = (): SeriesOutcome => {
    watch.look();
    const { samplesMs, lost } = series;
    const stalledMs = watch.longestMs;
    const rtt = summarizeRtts(samplesMs, lost, clockStepMs());
    if (rtt === null) return { status: "failed", reason: "all_lost", detail: null };
    if (series.isSpoiledBy(watch.stalls)) {
      return { status: "failed", reason: "stalled", detail: `${Math.round(stalledMs)} ms` };
    }
    return {
      status: "measured",
      rtt,
      samplesMs,
      medianErrorMs: medianStandardError(samplesMs, clockStepMs()),
      clockStepMs: clockStepMs(),
      stalledMs,
      ...floorRun.end(),
    };
  };
  const pump = () => {
    if (isOver) return;
    clearTimeout(timer);
    series.expire(performance.now());
    const seq = series.due(performance.now());
    if (seq !== null) series.departed(pinger.ping(seq));
    const { wakeAt } = series;
    if (series.isOver) {
      const outcome = summarize();
      end();
      onOver(outcome);
    } else if (wakeAt !== null) {
      timer = setTimeout(pump, Math.max(0, Math.round(wakeAt - performance.now())));
    }
  };
  pinger.onPong = (seq, at) => {
    series.answered(seq, at);
    pump();
  };
  // The other end's frames drive the series too: in a hidden page timers come once a second, messages at once.
  pinger.onPing = () => {
    if (isHidden()) pump();
  };
  pump();
  return end;
}
