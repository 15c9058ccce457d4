import { randomBytes, randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Metrics } from "./http/metrics.js";
import type { LogStore, TelemetryLog, TelemetryRecord } from "./journal/logs.js";
import { createClock } from "./runtime/clock.js";
import { SceneRuntime } from "./runtime/sceneRuntime.js";
import { StudyHistory } from "./runtime/studyHistory.js";
import type { ResolvedScene } from "./scene/resolveScene.js";

export interface OpenScenes {
  readonly runtimes: ReadonlyMap<string, SceneRuntime>;
  readonly telemetry: ReadonlyMap<string, TelemetryLog>;
  /** Ends the scenes; their logs stay open. */
  close(): Promise<void>;
}

/** Reads every scene's log back and sets the scenes going. Ends those already begun when one cannot be. */
export async function openScenes(
  scenes: readonly ResolvedScene[],
  store: LogStore,
  metrics: Metrics,
  logger: Logger,
): Promise<OpenScenes> {
  const runtimes = new Map<string, SceneRuntime>();
  const telemetry = new Map<string, TelemetryLog>();
  const history = new StudyHistory();
  const clock = store.shared?.clock ?? createClock();
  const nodeId = store.shared?.nodeId ?? randomUUID();
  const close = async () => {
    await Promise.all([...runtimes.values()].map((runtime) => runtime.close()));
  };
  try {
    for (const { settings, onMatch } of scenes) {
      const { sceneId } = settings.lobby;
      const matchLog = await store.matches(sceneId);
      const telemetryLog = await store.telemetry(sceneId);
      const runtime = await SceneRuntime.start({
        settings,
        journal: metrics.timed(sceneId, await store.scene(sceneId)),
        clock,
        logger: logger.child({ scene: sceneId }),
        nodeId,
        seed: randomBytes(16).toString("hex"),
        onMatch: onMatch ?? undefined,
        historyOf: (participantId) => history.of(participantId),
        onFormed: (group) => history.add(group),
        onMatchRecord: (record) => matchLog.append(record),
        telemetry: (record) => telemetryLog.write(record as TelemetryRecord),
      });
      runtimes.set(sceneId, runtime);
      telemetry.set(sceneId, telemetryLog);
      metrics.watch(runtime);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { runtimes, telemetry, close };
}
