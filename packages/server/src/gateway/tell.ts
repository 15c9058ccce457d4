import type { PairLatency, ProbeParameters, ServerMessages } from "@probematch/shared";
import type { Measurement } from "../latency/edge.js";
import type { Effect, MatchView } from "../lobby/effects.js";
import type { SceneSettings, Standing } from "../runtime/sceneHandle.js";
import { type IceSettings, iceServersFor } from "./iceServers.js";

/** One message to a page: event name and payload. */
export type ServerMessage = {
  [K in keyof ServerMessages]: { readonly name: K; readonly message: ServerMessages[K] };
}[keyof ServerMessages];

/** An effect that concerns one participant. */
export type PersonalEffect = Extract<Effect, { readonly participantId: string }>;

/** What a message says beyond its effect. */
export interface TellContext {
  readonly settings: SceneSettings;
  readonly ice: IceSettings;
  /** Epoch ms. */
  readonly now: number;
}

/**
 * The message for an effect. Every field is copied by name: what is not named here (participant ids above all)
 * never reaches a page. Deadlines become remaining times, because a page's clock is not the server's.
 */
export function messageOf(effect: PersonalEffect, context: TellContext): ServerMessage {
  switch (effect.kind) {
    case "probing":
      return { name: "probing", message: { proposalId: effect.proposalId, members: effect.members } };
    case "probePrepare":
      return {
        name: "probePrepare",
        message: {
          probeId: effect.probeId,
          proposalId: effect.proposalId,
          initiator: effect.initiator,
          iceServers: iceServersFor(context.ice, effect.probeId, context.now),
          relayOnly: context.settings.relayOnly,
          parameters: parameters(context.settings.lobby.probe),
          limitMs: effect.limitMs,
          remainingMs: remaining(effect.deadlineAt, context.now),
          ...(effect.repeats === undefined ? {} : { repeats: effect.repeats }),
        },
      };
    case "probeStart":
      return { name: "probeStart", message: { probeId: effect.probeId } };
    case "confirm":
      return {
        name: "confirm",
        message: {
          proposalId: effect.proposalId,
          remainingMs: remaining(effect.deadlineAt, context.now),
        },
      };
    case "released":
      return { name: "released", message: { proposalId: effect.proposalId, reason: effect.reason } };
    case "matched":
      return matchedMessage(effect, false);
    case "peerStatus":
      return {
        name: "peerStatus",
        message: { matchId: effect.matchId, seat: effect.seat, connected: effect.connected },
      };
    case "ended":
      return { name: "ended", message: { outcome: effect.outcome } };
  }
}

/** @param resumed the match was made before this connection */
export function matchedMessage(match: MatchView, resumed: boolean): ServerMessage & { name: "matched" } {
  return {
    name: "matched",
    message: {
      matchId: match.matchId,
      seat: match.seat,
      groupSize: match.groupSize,
      peers: match.peers.map(({ seat, alias, probeId, measurement, connected }) => ({
        seat,
        alias,
        probeId,
        rttMs: measurement?.rttMs ?? null,
        ...(measurement === null ? {} : { latency: latencyOf(measurement) }),
        connected,
      })),
      room: match.room,
      ...(match.treatment === undefined
        ? {}
        : { treatment: { arm: match.treatment.arm, order: [...match.treatment.order] } }),
      resumed,
    },
  };
}

function latencyOf(measurement: Measurement): PairLatency {
  const { rttMs, interval95Ms, minMs, p95Ms, jitterMs, samples, lost } = measurement;
  const { path, protocol, addressFamily, clockStepMs } = measurement;
  return {
    rttMs,
    interval95Ms: [...interval95Ms],
    minMs,
    p95Ms,
    jitterMs,
    samples,
    lost,
    path,
    protocol,
    addressFamily,
    clockStepMs,
  };
}

export function waitingMessage(
  standing: Standing,
  settings: SceneSettings,
): ServerMessage & { name: "waiting" } {
  const hidden = settings.hideLobbyCount;
  return {
    name: "waiting",
    message: {
      position: hidden ? null : standing.position,
      lobbyCount: hidden ? null : standing.lobbyCount,
      groupSize: settings.lobby.groupSize,
      estimatedWaitMs: standing.estimatedWaitMs,
      waitedMs: Math.max(0, standing.waitedMs),
      remainingMs: standing.remainingMs === null ? null : Math.max(0, standing.remainingMs),
    },
  };
}

const remaining = (deadlineAt: number, now: number) => Math.max(0, deadlineAt - now);

const parameters = ({ pings, minPings, spacingMs, pingTimeoutMs, warmupPings }: ProbeParameters) => ({
  pings,
  ...(minPings === undefined ? {} : { minPings }),
  spacingMs,
  pingTimeoutMs,
  warmupPings,
});
