import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { GatewayObserver } from "../gateway/observer.js";
import type { SceneJournal } from "../journal/journal.js";
import type { Effect } from "../lobby/effects.js";
import type { StoredEvent } from "../lobby/events.js";
import type { SceneHandle, SceneOverview } from "../runtime/sceneHandle.js";
import { timedJournal } from "./timedJournal.js";

export interface Metrics {
  /** Prometheus' text format. */
  text(): Promise<string>;
  readonly contentType: string;
  /** Follows a scene: everything is counted from its applied events and effects, or read from its state. */
  watch(scene: SceneHandle): void;
  /** A journal that times what is appended. */
  timed(sceneId: string, journal: SceneJournal): SceneJournal;
  /** What happens at the connections. */
  readonly observer: Pick<GatewayObserver, "joined" | "gone" | "connectionRefused" | "messageRefused">;
  /** Stops following. Idempotent. */
  close(): void;
}

const WAIT_BUCKETS_S = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200];
const RTT_BUCKETS_S = [0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2];
const APPEND_BUCKETS_S = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/**
 * Prometheus metrics of one server, in a registry of its own, so that an application's metrics are left alone.
 * Names follow Prometheus' conventions: seconds, `_total` for counters. Counters begin at zero with the process.
 *
 * @param includeProcess also memory, CPU and event loop of the process
 */
export function createMetrics({ includeProcess }: { readonly includeProcess: boolean }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Counter({ name: `probematch_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `probematch_${name}`, help, labelNames: ["scene"], buckets, registers });

  const scenes = new Map<string, SceneHandle>();
  const stops: (() => void)[] = [];
  const gauge = (
    name: string,
    help: string,
    value: (overview: SceneOverview, scene: SceneHandle) => number,
  ) =>
    new Gauge({
      name: `probematch_${name}`,
      help,
      labelNames: ["scene"],
      registers,
      collect() {
        for (const [id, scene] of scenes) this.set({ scene: id }, value(scene.overview(), scene));
      },
    });

  gauge("queue_length", "Participants waiting, those held by a proposal included", (o) => o.waiting);
  gauge("held_participants", "Participants held by an open proposal", (o) => o.held);
  gauge("open_proposals", "Proposed groups that are being measured or confirmed", (o) => o.openProposals);
  gauge("live_probes", "Pairs that are being measured", (o) => o.liveProbes);
  gauge("live_matches", "Matches whose members are not all gone", (o) => o.liveMatches);
  gauge("scene_available", "1 while the scene's journal can be written", (_o, s) => (s.available ? 1 : 0));

  const arrivals = counter("arrivals_total", "Participants who came to wait", "scene");
  const outcomes = counter(
    "outcomes_total",
    "Participants who left the scene, by outcome",
    "scene",
    "outcome",
  );
  const opened = counter("proposals_opened_total", "Groups proposed", "scene");
  const closed = counter("proposals_closed_total", "Proposals by what became of them", "scene", "result");
  const matches = counter("matches_total", "Matches committed", "scene", "matchmaker");
  const probes = counter("probes_total", "Finished probes, by outcome or failure", "scene", "outcome");
  const roomFailures = counter("room_failures_total", "Rooms the study's hook did not create", "scene");
  const matchmakerFailures = counter("matchmaker_failures_total", "Times a matchmaker failed", "scene");
  const wait = histogram("wait_seconds", "From arrival to match", WAIT_BUCKETS_S);
  const rtt = histogram("probe_rtt_seconds", "Measured round trips between two participants", RTT_BUCKETS_S);

  const connected = new Gauge({
    name: "probematch_connected_pages",
    help: "Pages connected and let in",
    labelNames: ["scene"],
    registers,
  });
  const refusedConnections = counter("refused_connections_total", "Connections refused", "code");
  const refusedMessages = counter("refused_messages_total", "Messages refused", "scene", "code");
  const append = histogram(
    "journal_append_seconds",
    "Time until appended events were applied",
    APPEND_BUCKETS_S,
  );
  const appendFailures = counter(
    "journal_append_failures_total",
    "Appends that could not be written",
    "scene",
  );

  if (includeProcess) collectDefaultMetrics({ register: registry });

  function countEvent(scene: string, event: StoredEvent): void {
    if (event.type === "participant.arrived") arrivals.inc({ scene });
    else if (event.type === "proposal.opened") opened.inc({ scene });
    else if (event.type === "proposal.released") closed.inc({ scene, result: event.reason });
    else if (event.type === "match.committed") closed.inc({ scene, result: "matched" });
    else if (event.type === "room.failed") roomFailures.inc({ scene });
    else if (event.type === "matchmaker.failed") matchmakerFailures.inc({ scene });
    else if (event.type === "probe.closed") {
      const { verdict } = event;
      probes.inc({ scene, outcome: verdict.status === "failed" ? verdict.reason : verdict.status });
      if (verdict.status !== "failed") rtt.observe({ scene }, verdict.measurement.rttMs / 1000);
    }
  }

  function countEffect(scene: string, effect: Effect): void {
    if (effect.kind === "ended") outcomes.inc({ scene, outcome: effect.outcome });
    if (effect.kind !== "matchFormed") return;
    const { matchmaker, participants } = effect.record;
    matches.inc({ scene, matchmaker });
    outcomes.inc({ scene, outcome: "matched" }, participants.length);
    for (const { waitedMs } of participants) wait.observe({ scene }, waitedMs / 1000);
  }

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    watch(scene) {
      const { sceneId } = scene.settings.lobby;
      scenes.set(sceneId, scene);
      for (const metric of [arrivals, opened, roomFailures, matchmakerFailures])
        metric.inc({ scene: sceneId }, 0);
      stops.push(
        scene.onEvents((events) => {
          for (const event of events) countEvent(sceneId, event);
        }),
        scene.onEffects((effects) => {
          for (const effect of effects) countEffect(sceneId, effect);
        }),
      );
    },
    timed(scene, journal) {
      appendFailures.inc({ scene }, 0);
      const times = append.labels({ scene });
      return timedJournal(journal, {
        appended: (seconds) => times.observe(seconds),
        failed: () => appendFailures.inc({ scene }),
      });
    },
    observer: {
      joined: ({ sceneId }) => connected.inc({ scene: sceneId }),
      gone: ({ sceneId }) => connected.dec({ scene: sceneId }),
      connectionRefused: ({ code }) => refusedConnections.inc({ code }),
      messageRefused: ({ sceneId, code }) => refusedMessages.inc({ scene: sceneId, code }),
    },
    close() {
      for (const stop of stops.splice(0)) stop();
      scenes.clear();
      registry.clear();
    },
  };
}
