import { randomBytes } from "node:crypto";
import { type Attributes, attributesSchema, participantIdSchema, sceneIdSchema } from "@probematch/shared";
import { errors, jwtVerify, SignJWT } from "jose";
import * as v from "valibot";
import type { hmacSha256 } from "./hmac.js";

/**
 * Signed tokens (JWT, HS256). Any JWT library of a study's own backend can make a participant token:
 *
 * | claim        | meaning                                                        |
 * | ------------ | -------------------------------------------------------------- |
 * | `aud`        | `"probematch"`                                                 |
 * | `sub`        | the participant id                                             |
 * | `exp`        | needed: a token that never ends cannot be taken back           |
 * | `scene`      | optional: the token is good for this scene only                |
 * | `attributes` | optional: outrank what the page declares                       |
 * | `priority`   | optional: higher is served first, default 0                    |
 */
const PARTICIPANT_AUDIENCE = "probematch";
/** Resume tokens are made by the server for itself; neither kind passes for the other. */
const RESUME_AUDIENCE = "probematch/resume";
const ALGORITHM = "HS256";
/** Clocks of the study's backend and this server may differ by this much, in seconds. */
const CLOCK_TOLERANCE_S = 10;

/** The shortest secret accepted, in bytes (RFC 7518, section 3.2: at least the hash's size). */
export const MIN_SECRET_BYTES = 32;

const sharedClaims = {
  sub: participantIdSchema,
  attributes: v.optional(attributesSchema, {}),
  priority: v.optional(v.pipe(v.number(), v.finite()), 0),
};
const participantClaimsSchema = v.object({ ...sharedClaims, scene: v.optional(sceneIdSchema) });
const resumeClaimsSchema = v.object({ ...sharedClaims, scene: sceneIdSchema });

/** What a token says about its bearer. */
export interface TokenIdentity {
  readonly participantId: string;
  /** Signed by the study: they outrank the page's. */
  readonly attributes: Attributes;
  readonly priority: number;
}

export type TokenVerdict =
  | { readonly status: "valid"; readonly identity: TokenIdentity }
  /** Was signed with this secret, for this scene, and is over. */
  | { readonly status: "expired" }
  | { readonly status: "wrong_scene"; readonly scene: string }
  | { readonly status: "invalid"; readonly reason: string };

export interface ParticipantTokenOptions {
  /** The server's secret, at least 32 bytes. */
  readonly secret: string;
  readonly participantId: string;
  /** Good for this scene only; without it, for every scene of the server. */
  readonly scene?: string;
  readonly attributes?: Attributes;
  /** Higher is served first. Default: 0. */
  readonly priority?: number;
  /** How long the token lasts, such as `"30m"`, `"2h"` or `"7d"`. Default: `"24h"`. */
  readonly expiresIn?: string;
}

/**
 * Signs a token that lets one participant in. For a study's backend; never in a page.
 *
 * @example
 * ```ts
 * const token = await signParticipantToken({ secret, participantId: "p-17", expiresIn: "2h" });
 * ```
 * @throws {TypeError} when the secret is too short, or the id, the scene or the attributes break the rules of the protocol
 */
export async function signParticipantToken(options: ParticipantTokenOptions): Promise<string> {
  const claims = {
    sub: options.participantId,
    ...(options.scene === undefined ? {} : { scene: options.scene }),
    ...(options.attributes === undefined ? {} : { attributes: options.attributes }),
    ...(options.priority === undefined ? {} : { priority: options.priority }),
  };
  const checked = v.safeParse(participantClaimsSchema, claims);
  if (!checked.success) throw new TypeError(`Cannot sign this token: ${v.summarize(checked.issues)}`);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: ALGORITHM, typ: "JWT" })
    .setAudience(PARTICIPANT_AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(options.expiresIn ?? "24h")
    .sign(tokenKey(options.secret));
}

const RESUME_LIFE_S = 24 * 60 * 60;

/**
 * Signs the token with which a page proves later that it is the same participant of the same scene.
 *
 * The same kind of token, put together by hand: one is signed for every connection, and Web Crypto, by which the library
 * signs, hands each signature to another thread, which cost a tenth of a whole match.
 */
export function signResumeToken(
  sign: ResumeSigner,
  sceneId: string,
  identity: TokenIdentity,
  lifeS = RESUME_LIFE_S,
): string {
  const { participantId: sub, attributes, priority } = identity;
  const iat = Math.floor(Date.now() / 1000);
  const claims = { sub, scene: sceneId, attributes, priority, aud: RESUME_AUDIENCE, iat, exp: iat + lifeS };
  const signed = `${RESUME_HEADER}.${base64url(claims)}`;
  return `${signed}.${sign(signed)}`;
}

/** See {@link signResumeToken}; one for all of a server's connections. */
type ResumeSigner = ReturnType<typeof hmacSha256>;

const base64url = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
const RESUME_HEADER = base64url({ alg: ALGORITHM, typ: "JWT" });

export const verifyParticipantToken = (
  key: Uint8Array,
  token: string,
  sceneId: string,
): Promise<TokenVerdict> => verify(key, token, sceneId, PARTICIPANT_AUDIENCE, participantClaimsSchema);

export const verifyResumeToken = (key: Uint8Array, token: string, sceneId: string): Promise<TokenVerdict> =>
  verify(key, token, sceneId, RESUME_AUDIENCE, resumeClaimsSchema);

/**
 * The signing key of a secret.
 *
 * @throws {TypeError} when the secret has fewer than {@link MIN_SECRET_BYTES} bytes
 */
export function tokenKey(secret: string): Uint8Array {
  const key = new TextEncoder().encode(secret);
  if (key.length < MIN_SECRET_BYTES) {
    throw new TypeError(
      `The token secret has ${key.length} bytes and needs at least ${MIN_SECRET_BYTES}. ` +
        `Make one with: openssl rand -base64 32`,
    );
  }
  return key;
}

/** A key for one run of a server that was given no secret. */
export const randomTokenKey = (): Uint8Array => randomBytes(MIN_SECRET_BYTES);

async function verify(
  key: Uint8Array,
  token: string,
  sceneId: string,
  audience: string,
  schema: typeof participantClaimsSchema | typeof resumeClaimsSchema,
): Promise<TokenVerdict> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [ALGORITHM],
      audience,
      requiredClaims: ["exp", "sub"],
      clockTolerance: CLOCK_TOLERANCE_S,
    });
    const claims = v.safeParse(schema, payload);
    if (!claims.success) return { status: "invalid", reason: v.summarize(claims.issues) };
    const { sub: participantId, attributes, priority, scene } = claims.output;
    if (scene !== undefined && scene !== sceneId) return { status: "wrong_scene", scene };
    return { status: "valid", identity: { participantId, attributes, priority } };
  } catch (error) {
    if (error instanceof errors.JWTExpired) return { status: "expired" };
    if (error instanceof errors.JOSEError) return { status: "invalid", reason: error.code };
    throw error;
  }
}
