import { performance } from "node:perf_hooks";
import type { SceneJournal } from "../journal/journal.js";

/** The same journal; tells how long each append took until its events were applied. */
export function timedJournal(
  journal: SceneJournal,
  told: { appended(seconds: number): void; failed(): void },
): SceneJournal {
  const time = async <T>(append: () => Promise<T>): Promise<T> => {
    const startedMs = performance.now();
    try {
      const result = await append();
      told.appended((performance.now() - startedMs) / 1000);
      return result;
    } catch (error) {
      told.failed();
      throw error;
    }
  };
  return {
    open: (onEvents, onSnapshot) => journal.open(onEvents, onSnapshot),
    appendFacts: (facts, at) => time(() => journal.appendFacts(facts, at)),
    appendDecisions: (decisions, basisSeq, at) =>
      time(() => journal.appendDecisions(decisions, basisSeq, at)),
    get leads() {
      return journal.leads;
    },
    get status() {
      return journal.status;
    },
    onStatus: (listener) => journal.onStatus(listener),
    ...(journal.nodes === undefined ? {} : { nodes: journal.nodes }),
    ...(journal.snapshots === undefined ? {} : { snapshots: journal.snapshots }),
    close: () => journal.close(),
  };
}
