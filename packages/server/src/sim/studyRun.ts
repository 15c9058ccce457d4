import type { ProbeReport } from "@probematch/shared";
import { LatencyModel } from "../latency/latencyModel.js";
import * as commands from "../lobby/commands.js";
import type { LobbyConfig } from "../lobby/config.js";
import { DeadlineHeap } from "../lobby/deadlines.js";
import { wakeAt } from "../lobby/decide.js";
import type { Effect } from "../lobby/effects.js";
import type { StoredEvent } from "../lobby/events.js";
import type { LobbyState } from "../lobby/state.js";
import { VirtualScene } from "../lobby/virtualScene.js";
import type { Rule } from "../matchmakers/rules/rule.js";
import { RuleSet } from "../matchmakers/rules/ruleSet.js";
import { type SimulatedPerson, type SimulatedWorld, steadyRtt } from "./simulatedWorld.js";
import { StudyTally } from "./studyTally.js";

export interface StudyRunOptions {
  readonly world: SimulatedWorld;
  /** The scene's rules, as the server has them. */
  readonly config: LobbyConfig;
  /** Of the scene's own decisions. */
  readonly seed: string;
  /** The scene's clock at the beginning, epoch ms. Default: 0. */
  readonly startAt?: number;
  /** Called with every event of the scene's log. */
  readonly onEvent?: (state: LobbyState, event: StoredEvent) => void;
}

/** A simulated study that gets nowhere. The message says when and where it hangs. */
export class SimulationStuckError extends Error {
  override readonly name = "SimulationStuckError";
}

/** Looks at the scene for each person who is there, without anything new: from here on they are held against the clock. */
const IDLE_LOOKS = 1_000;
/** Looks at one person more often than this, ms, are no rule that relaxes. */
const SHORTEST_REST_MS = 10;
/** Events in one moment, for each person who has come. */
const MOST_EVENTS_AT_ONCE = 1_000;
/** Nobody waits for a simulation's answers: a matchmaker that asks for no prediction has none made. */
const MOST_UNLEARNED = 200_000;
/** Time after which nobody can be waiting any more, on top of the last one's wait: a proposal's deadlines are minutes. */
const SLACK_MS = 3_600_000;

/**
 * A study of simulated people on a virtual clock, with the server's own core: they arrive, are probed, and are matched, or
 * lose patience. It is over when everybody who comes was matched or is gone, and it never goes on for ever: a scene that
 * gets nowhere ends it with a {@link SimulationStuckError}.
 */
export class StudyRun {
  readonly tally = new StudyTally();
  readonly #options: StudyRunOptions;
  readonly #scene: VirtualScene;
  readonly #plans = new DeadlineHeap<() => void>();
  readonly #lastArrivalAt: number;
  #arrived = 0;
  #probes = 0;
  /** Looks at the scene since something new was in its log, and when that was. */
  #idle = 0;
  #newAt = 0;
  /** Events since time went on. */
  #eventsNow = 0;
  #over = false;

  constructor(options: StudyRunOptions) {
    this.#options = options;
    const { world, config, seed, startAt = 0 } = options;
    this.#scene = new VirtualScene(withoutCopies(config, world), {
      seed,
      startAt,
      keepLog: false,
      latency: new LatencyModel(undefined, { mostUnlearned: MOST_UNLEARNED }),
      onEffects: (effects) => {
        for (const effect of effects) this.#carryOut(effect);
      },
      onEvent: (state, event) => {
        this.#noteProgress(event.at);
        this.tally.note(state, event);
        options.onEvent?.(state, event);
      },
    });
    let last = startAt;
    for (const person of world.people) {
      last = Math.max(last, startAt + person.arrivesAt);
      this.#plans.add(startAt + person.arrivesAt, () => this.#arrive(person));
      if (person.leavesAt !== null) this.#plans.add(startAt + person.leavesAt, () => this.#leave(person.id));
    }
    this.#lastArrivalAt = last;
  }

  /** What the scene believes of latencies, having learned from its probes so far. */
  get latency(): LatencyModel {
    return this.#scene.state.latency;
  }

  /** The share of people who have come, 0 to 1. */
  get progress(): number {
    return this.#arrived / Math.max(1, this.#options.world.people.length);
  }

  /**
   * Goes on for at most so many moments of the study.
   *
   * @returns whether it is over
   * @throws {SimulationStuckError}
   */
  advance(moments: number = Number.POSITIVE_INFINITY): boolean {
    for (let i = 0; i < moments && !this.#over; i += 1) this.#step();
    return this.#over;
  }

  #step(): void {
    const scene = this.#scene;
    const isEverybodyThere = this.#arrived === this.#options.world.people.length;
    const next = earliest(this.#plans.nextAt, wakeAt(scene.state));
    if (next === null || (isEverybodyThere && this.tally.unsettled === 0)) {
      this.#over = true;
      return;
    }
    this.#idle += 1;
    const looks = (this.#idle - 2 * this.#probes) / (1 + this.tally.unsettled);
    if (looks > IDLE_LOOKS && next - this.#newAt < looks * SHORTEST_REST_MS)
      throw this.#stuck(`nothing new came of ${this.#idle} looks at the scene`);
    const { waitTimeoutMs } = this.#options.config;
    if (waitTimeoutMs !== null && next > this.#lastArrivalAt + waitTimeoutMs + SLACK_MS)
      throw this.#stuck("somebody waits although everybody's time is long up");
    const isDue = (wakeAt(scene.state) ?? Number.POSITIVE_INFINITY) <= next;
    scene.now = Math.max(scene.now, next);
    if (isDue) scene.decide();
    for (let plan = this.#plans.takeDue(next); plan !== undefined; plan = this.#plans.takeDue(next)) plan();
  }

  #noteProgress(at: number): void {
    this.#eventsNow = at > this.#newAt ? 0 : this.#eventsNow + 1;
    this.#idle = 0;
    this.#newAt = at;
    if (this.#eventsNow > MOST_EVENTS_AT_ONCE * (10 + this.#arrived))
      throw this.#stuck(`there were ${this.#eventsNow} events in one moment`);
  }

  #stuck(what: string): SimulationStuckError {
    const { state, now } = this.#scene;
    const { longestUnsettled: oldest, unsettled } = this.tally;
    const seconds = (ms: number) => `${(ms / 1000).toFixed(0)} s`;
    const status = oldest === null ? undefined : state.participants.get(oldest.participantId)?.status;
    return new SimulationStuckError(
      `the simulation gets nowhere: ${seconds(now - (this.#options.startAt ?? 0))} after the beginning ${what}. ` +
        `${this.#arrived} of ${this.#options.world.people.length} people have come, ${unsettled} are there, ` +
        `${state.proposals.size} proposals are open. ` +
        (oldest === null
          ? ""
          : `${oldest.participantId} is there longest, for ${seconds(now - oldest.arrivedAt)} (${status}). `) +
        `With a matchmaker of your own, look at its relaxesAt and givesUpAt; else please report this with the command.`,
    );
  }

  #arrive(person: SimulatedPerson): void {
    const scene = this.#scene;
    const { id, attributes, webrtc, measuredAfterMs } = person;
    const request = { participantId: id, attributes, webrtc, priority: 0, fresh: true };
    this.#arrived += 1;
    const newcomer = { partners: [], matches: 0 };
    const arrival = scene.run(commands.arrive(scene.state, scene.config, request, newcomer, scene.now));
    if (arrival.status === "refused") {
      this.tally.turnAway(id, scene.now);
      return;
    }
    if (measuredAfterMs === 0) this.#reportRtts(person);
    else this.#soon(measuredAfterMs, () => this.#reportRtts(person));
  }

  #reportRtts({ id, serverRtt, beaconRttMs }: SimulatedPerson): void {
    const scene = this.#scene;
    const measured = serverRtt === null ? {} : { serverRtt: { ...serverRtt, measuredAt: scene.now } };
    scene.run(commands.reportRtt(scene.state, id, { ...measured, beaconRttMs }));
  }

  #leave(participantId: string): void {
    if (this.tally.isSettled(participantId)) return;
    this.#scene.run(commands.leave(this.#scene.state, participantId));
  }

  /** What the pages do when they are told something. */
  #carryOut(effect: Effect): void {
    const scene = this.#scene;
    switch (effect.kind) {
      case "probePrepare":
        this.#soon(0, () =>
          scene.run(commands.probeReady(scene.state, effect.participantId, effect.probeId)),
        );
        return;
      case "probeStart": {
        const probe = scene.state.probes.get(effect.probeId);
        // Told to both sides; planned once, for both.
        if (probe === undefined || probe.initiator !== effect.participantId) return;
        const { initiator, responder, probeId } = probe;
        const outcome = this.#options.world.probe(initiator, responder);
        this.#probes += 1;
        const report = outcome.status === "failed" ? failedReport : reportOf(outcome.rttMs);
        this.#soon(outcome.tookMs, () => {
          scene.run(commands.probeReport(scene.state, initiator, probeId, report));
          scene.run(commands.probeReport(scene.state, responder, probeId, report));
        });
        return;
      }
      case "confirm":
        this.#soon(0, () =>
          scene.run(commands.confirm(scene.state, effect.participantId, effect.proposalId)),
        );
        return;
      default:
        return;
    }
  }

  #soon(delayMs: number, action: () => void): void {
    this.#plans.add(this.#scene.now + delayMs, action);
  }
}

/**
 * The scene's rules, and that of a world in which somebody may come twice. They are no longer those of a configuration, which has
 * no such rule, and their log says so.
 */
function withoutCopies(config: LobbyConfig, world: SimulatedWorld): LobbyConfig {
  if (world.mayMeet === undefined) return config;
  const others: Rule = {
    name: "another person",
    allowsPair: (a, b) => world.mayMeet?.(a.participantId, b.participantId) ?? true,
  };
  return {
    ...config,
    configHash: `${config.configHash}, ${others.name}`,
    rules: new RuleSet([...(config.rules?.rules ?? []), others]),
  };
}

function earliest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

const failedReport: ProbeReport = { status: "failed", reason: "ice_failed", detail: null };

const reportOf = (rttMs: number): ProbeReport => ({
  status: "measured",
  rtt: steadyRtt(rttMs),
  samplesMs: [],
  path: "srflx",
  protocol: "udp",
  addressFamily: "ipv4",
  clockStepMs: 0.1,
  statsRttMs: null,
  stalledMs: 0,
  setupMs: 400,
});
