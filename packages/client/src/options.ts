import {
  type Attributes,
  attributesSchema,
  type Handshake,
  type MeasuringThread,
  measuringThreadSchema,
  participantIdSchema,
  sceneIdSchema,
} from "@probematch/shared";
import * as v from "valibot";
import { defaultStorage, type ResumeStorage } from "./session/resumeStore.js";

export interface ConnectOptions {
  /** The scene to wait in, as the server's configuration names it. */
  readonly scene: string;
  /** A token that the study signed for this participant. Needed unless the server runs in open mode. */
  readonly token?: string;
  /**
   * The study's own id for the participant (say, the recruiter's). Only an open server believes it. Without an id and a
   * token, an open server makes one. Never shown to other participants.
   */
  readonly participantId?: string;
  /** What matchmakers may use; attributes in a token outrank these. At most 32, flat. */
  readonly attributes?: Attributes;
  /** Aborting it is the same as {@link Participant.leave}. */
  readonly signal?: AbortSignal;
  /**
   * Where the proof is kept that makes a refreshed page the same participant. Default: `sessionStorage` (one tab, until
   * it is closed); `null`: nowhere.
   */
  readonly storage?: ResumeStorage | null;
  /**
   * Measure also while the page is in the background, where browsers slow timers down. Meant for trying things out
   * with two tabs of one window; such numbers can be too high. Default: `false`, the probe fails with `hidden_tab`.
   */
  readonly measureWhileHidden?: boolean;
  /**
   * The thread that pings and answers. `worker`: one of the SDK's own, where the browser and the page's policy (`worker-src blob:`)
   * allow it, so that nothing the page does meanwhile gets into the number; otherwise the page. `page`: always the page, to compare
   * with. Reports say where it was. Default: `worker`.
   */
  readonly measureIn?: MeasuringThread;
  /** How long a link that breaks during the match is tried to be mended until `peer-gone`, ms. Default: 30,000. */
  readonly reconnectMs?: number;
}

const DEFAULT_RECONNECT_MS = 30_000;

/** A mistake in the page's own code, found before anything was sent. */
export class ProbematchUsageError extends Error {
  override readonly name = "ProbematchUsageError";
}

export interface CheckedOptions {
  readonly url: URL;
  readonly identity: Omit<Handshake, "protocol" | "fresh" | "webrtc" | "resumeToken">;
  readonly storage: ResumeStorage | null;
  readonly measureWhileHidden: boolean;
  readonly measureIn: MeasuringThread;
  readonly reconnectMs: number;
  readonly signal: AbortSignal | undefined;
}

const optionsSchema = v.object({
  scene: sceneIdSchema,
  token: v.optional(v.string()),
  participantId: v.optional(participantIdSchema),
  attributes: v.optional(attributesSchema),
  measureIn: v.optional(measuringThreadSchema, "worker"),
  reconnectMs: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0)), DEFAULT_RECONNECT_MS),
});

/** @throws {ProbematchUsageError} that names what is wrong */
export function checkOptions(url: string | URL, options: ConnectOptions): CheckedOptions {
  const parsedUrl = parseUrl(url);
  if (parsedUrl === null || !/^(https?|wss?):$/.test(parsedUrl.protocol)) {
    throw new ProbematchUsageError(
      `connect(): "${url}" is no address of a server. Give it as "https://study.example".`,
    );
  }
  const parsed = v.safeParse(optionsSchema, options);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const where = v.getDotPath(issue) ?? "the second argument";
    throw new ProbematchUsageError(`connect(): ${where} is not valid: ${issue.message}`);
  }
  const { storage = defaultStorage(), measureWhileHidden = false, signal } = options;
  signal?.throwIfAborted();
  const { measureIn, reconnectMs, ...identity } = parsed.output;
  return { url: parsedUrl, identity, storage, measureWhileHidden, measureIn, reconnectMs, signal };
}

function parseUrl(url: string | URL): URL | null {
  try {
    return new URL(url, typeof location === "undefined" ? undefined : location.href);
  } catch {
    return null;
  }
}
