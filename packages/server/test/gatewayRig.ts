import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { createGateway, type Gateway } from "../src/gateway/createGateway.js";
import type { GatewayOptions } from "../src/gateway/options.js";
import type { LogStore } from "../src/journal/logs.js";
import { createMemoryStore } from "../src/journal/memoryJournal.js";
import type { StoredEvent } from "../src/lobby/events.js";
import { createClock } from "../src/runtime/clock.js";
import { SceneRuntime } from "../src/runtime/sceneRuntime.js";
import { StudyHistory } from "../src/runtime/studyHistory.js";
import { resolveScene, type SceneInput } from "../src/scene/resolveScene.js";
import { TestPage, type TestPageOptions } from "./testPage.js";

export interface RigOptions extends Partial<Omit<GatewayOptions, "server" | "scenes" | "logger">> {
  readonly scenes: readonly SceneInput[];
  /** Default: in memory. */
  readonly store?: LogStore;
  readonly httpServer?: Server;
}

/** Whoever waits for longer is told what came instead. */
const DEADLINE_MS = 15_000;

/** A gateway on a free port of the loopback interface, over real scenes. */
export class GatewayRig {
  readonly url: string;
  readonly gateway: Gateway;
  readonly scenes: ReadonlyMap<string, SceneRuntime>;
  readonly log: Record<string, unknown>[];
  /** What was applied since the start, of all scenes. */
  readonly events: StoredEvent[] = [];
  readonly #httpServer: Server;
  readonly #store: LogStore;
  readonly #pages: TestPage[] = [];
  #wake: () => void = () => {};

  private constructor(
    httpServer: Server,
    store: LogStore,
    scenes: ReadonlyMap<string, SceneRuntime>,
    gateway: Gateway,
    log: Record<string, unknown>[],
  ) {
    this.#httpServer = httpServer;
    this.#store = store;
    this.scenes = scenes;
    this.gateway = gateway;
    this.log = log;
    for (const scene of scenes.values()) {
      scene.onEvents((events) => {
        this.events.push(...events);
        this.#wake();
      });
    }
    this.url = `http://127.0.0.1:${(httpServer.address() as AddressInfo).port}`;
  }

  static async start(options: RigOptions): Promise<GatewayRig> {
    const { scenes: inputs, store = createMemoryStore(), httpServer = createServer(), ...rest } = options;
    const log: Record<string, unknown>[] = [];
    const logger = pino({ level: "trace" }, { write: (line: string) => void log.push(JSON.parse(line)) });
    const history = new StudyHistory();
    const scenes = new Map<string, SceneRuntime>();
    for (const input of inputs) {
      const { settings, onMatch } = resolveScene(input);
      const { sceneId } = settings.lobby;
      const runtime = await SceneRuntime.start({
        settings,
        onMatch: onMatch ?? undefined,
        journal: await store.scene(sceneId),
        clock: createClock(),
        logger,
        nodeId: "test",
        seed: "test",
        historyOf: (id) => history.of(id),
        onFormed: (group) => history.add(group),
        onMatchRecord: () => {},
        telemetry: () => {},
      });
      scenes.set(sceneId, runtime);
    }
    const gateway = createGateway({
      server: { httpServer },
      auth: { mode: "open" },
      ...rest,
      scenes,
      logger,
    });
    await new Promise<void>((resolve) => httpServer.listen(0, "127.0.0.1", resolve));
    return new GatewayRig(httpServer, store, scenes, gateway, log);
  }

  /** The first scene. */
  get scene(): SceneRuntime {
    const [first] = this.scenes.values();
    if (first === undefined) throw new Error("the rig has no scene");
    return first;
  }

  /** A page that starts to connect; the scene is the rig's first one unless it names another. */
  page(options: TestPageOptions = {}): TestPage {
    const [scene = "none"] = this.scenes.keys();
    const page = new TestPage(this.url, { scene, ...options });
    this.#pages.push(page);
    return page;
  }

  /** A page that has been welcomed. */
  async welcomed(participantId: string, options: TestPageOptions = {}): Promise<TestPage> {
    const page = this.page({ participantId, ...options });
    await page.next("welcome");
    return page;
  }

  eventsOf<T extends StoredEvent["type"]>(
    type: T,
    participantId?: string,
  ): Extract<StoredEvent, { type: T }>[] {
    return this.events.filter(
      (event): event is Extract<StoredEvent, { type: T }> =>
        event.type === type &&
        (participantId === undefined || ("participantId" in event && event.participantId === participantId)),
    );
  }

  /** The first event of this type (about this participant), as soon as it is there. */
  async event<T extends StoredEvent["type"]>(type: T, participantId?: string) {
    const deadlineAt = performance.now() + DEADLINE_MS;
    for (;;) {
      const [first] = this.eventsOf(type, participantId);
      if (first !== undefined) return first;
      const leftMs = deadlineAt - performance.now();
      if (leftMs <= 0) throw new Error(`no ${type}; events: ${this.events.map((e) => e.type).join(", ")}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async close(): Promise<void> {
    for (const page of this.#pages) page.close();
    await this.gateway.close();
    for (const scene of this.scenes.values()) await scene.close();
    await this.#store.close();
    this.#httpServer.closeAllConnections();
    await new Promise((resolve) => this.#httpServer.close(resolve));
  }
}
