import { defaultProbeParameters } from "@probematch/shared";
import { ms, type Option, orNull, whole, yesOrNo } from "./readOptions.js";
import type {
  MatchesOptions,
  ProbingOptions,
  SceneConfig,
  ServerRttOptions,
  WaitroomOptions,
} from "./sceneConfig.js";

type Table<Options> = { readonly [K in keyof Required<Options>]: Option<Exclude<Options[K], undefined>> };

/** The defaults, as documented in `sceneConfig.ts`. */
export const options = {
  groupSize: whole(2, 2, 8),
  hideLobbyCount: yesOrNo(false),
  maxRtt: orNull(ms(0)),
  waitroom: {
    timeoutMs: orNull(ms(0, 1), 300_000),
    graceMs: ms(30_000),
    capacity: orNull(whole(1, 1, Number.MAX_SAFE_INTEGER)),
    allowRepeat: yesOrNo(false),
  } satisfies Table<WaitroomOptions>,
  probing: {
    pings: whole(defaultProbeParameters.pings, 1, 64),
    minPings: orNull(whole(1, 1, 64)),
    spacingMs: ms(defaultProbeParameters.spacingMs),
    pingTimeoutMs: ms(defaultProbeParameters.pingTimeoutMs, 1),
    warmupPings: whole(defaultProbeParameters.warmupPings, 0, 16),
    maxPerMember: whole(5, 1, 7),
    readyTimeoutMs: ms(5000, 1),
    timeoutMs: ms(20_000, 1),
    repeats: whole(1, 0, 3),
    edgeLifeMs: ms(300_000),
    backOffBaseMs: ms(2000),
    backOffMaxMs: ms(60_000),
    relayOnly: yesOrNo(false),
    acceptRelayed: yesOrNo(true),
  } satisfies Table<ProbingOptions>,
  serverRtt: {
    intervalMs: ms(2000, 100),
    burst: whole(5, 1, 32),
    timeoutMs: ms(5000, 1),
    firstWaitMs: ms(3000),
    excludeAboveMs: orNull(ms(0)),
  } satisfies Table<ServerRttOptions>,
  matches: {
    confirmTimeoutMs: ms(5000, 1),
    roomTimeoutMs: ms(10_000, 1),
    max: orNull(whole(1, 1, Number.MAX_SAFE_INTEGER)),
  } satisfies Table<MatchesOptions>,
};

/** The keys a scene may have; `satisfies` keeps the list in step with the type. */
export const sceneKeys = Object.keys({
  id: true,
  groupSize: true,
  matchmaking: true,
  waitroom: true,
  probing: true,
  serverRtt: true,
  beacons: true,
  matches: true,
  treatments: true,
  onMatch: true,
} satisfies Record<keyof SceneConfig, true>);
