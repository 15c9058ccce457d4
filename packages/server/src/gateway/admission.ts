import { randomUUID } from "node:crypto";
import {
  type Attributes,
  type Handshake,
  handshakeSchema,
  PROTOCOL_VERSION,
  type Refusal,
  type RefusalCode,
} from "@probematch/shared";
import * as v from "valibot";
import type { SceneHandle } from "../runtime/sceneHandle.js";
import { hmacSha256 } from "./hmac.js";
import type { JoinLimiter } from "./joinLimiter.js";
import type { AuthSettings } from "./options.js";
import { refusal } from "./refusals.js";
import {
  randomTokenKey,
  signResumeToken,
  type TokenIdentity,
  type TokenVerdict,
  tokenKey,
  verifyParticipantToken,
  verifyResumeToken,
} from "./tokens.js";

/** Who connects, once that is beyond doubt (or the server is open and asks for no proof). */
export interface Admitted {
  readonly sceneId: string;
  readonly scene: SceneHandle;
  readonly participantId: string;
  /** The page's, overlaid with the signed ones. */
  readonly attributes: Attributes;
  readonly priority: number;
  readonly webrtc: boolean;
  readonly fresh: boolean;
  /** For the page to come back with. */
  readonly resumeToken: string;
}

export type Admission =
  | { readonly status: "admitted"; readonly admitted: Admitted }
  | { readonly status: "refused"; readonly sceneId: string | null; readonly refusal: Refusal };

/** Decides about handshakes. Knows nothing of sockets. */
export class Admissions {
  readonly #scenes: ReadonlyMap<string, SceneHandle>;
  readonly #open: boolean;
  readonly #key: Uint8Array;
  readonly #sign: (text: string) => string;
  readonly #limiter: JoinLimiter;

  /** @throws {TypeError} when the secret is too short */
  constructor(scenes: ReadonlyMap<string, SceneHandle>, auth: AuthSettings, limiter: JoinLimiter) {
    this.#scenes = scenes;
    this.#open = auth.mode === "open";
    this.#key = auth.secret === undefined ? randomTokenKey() : tokenKey(auth.secret);
    this.#sign = hmacSha256(this.#key);
    this.#limiter = limiter;
  }

  /**
   * @param auth what the page sent with its connection, unchecked
   * @param address where it came from, for counting only
   */
  async decide(auth: unknown, address: string): Promise<Admission> {
    if (!(await this.#limiter.admitAddress(address))) return refuse(null, "too_many_joins");

    // First the version alone: a page of another version may have another handshake altogether.
    const version = v.safeParse(v.object({ protocol: v.number() }), auth);
    if (version.success && version.output.protocol !== PROTOCOL_VERSION) {
      const detail = `The page has version ${version.output.protocol}, the server ${PROTOCOL_VERSION}.`;
      return refuse(null, "protocol_version", detail);
    }
    const parsed = v.safeParse(handshakeSchema, auth);
    if (!parsed.success) return refuse(null, "bad_handshake", describe(parsed.issues));
    const handshake = parsed.output;
    const scene = this.#scenes.get(handshake.scene);
    if (scene === undefined) return refuse(null, "unknown_scene", `The page asked for "${handshake.scene}".`);

    const identity = await this.#identify(handshake);
    if ("code" in identity) return refuse(handshake.scene, identity.code, identity.detail);
    const { participantId } = identity;
    if (!(await this.#limiter.admitParticipant(handshake.scene, participantId))) {
      return refuse(handshake.scene, "too_many_joins");
    }
    const admitted = {
      sceneId: handshake.scene,
      scene,
      participantId,
      attributes: { ...handshake.attributes, ...identity.attributes },
      priority: identity.priority,
      webrtc: handshake.webrtc,
      fresh: handshake.fresh,
      resumeToken: signResumeToken(this.#sign, handshake.scene, identity),
    };
    return { status: "admitted", admitted };
  }

  /** The connection failed through no fault of the page: it does not count. */
  forgive(admitted: Admitted): Promise<void> {
    return this.#limiter.forgive(admitted.sceneId, admitted.participantId);
  }

  /**
   * A signed token says who somebody is; a resume token does where there is no other, or where the other one has
   * expired since. What the page claims counts in an open server only.
   */
  async #identify(handshake: Handshake): Promise<TokenIdentity | Doubt> {
    const { scene, token, resumeToken, participantId: claimed } = handshake;
    const main = token === undefined ? null : await verifyParticipantToken(this.#key, token, scene);
    const resume = resumeToken === undefined ? null : await verifyResumeToken(this.#key, resumeToken, scene);
    const fitsClaim = (identity: TokenIdentity) =>
      claimed === undefined || claimed === identity.participantId;

    if (main?.status === "valid") {
      if (fitsClaim(main.identity)) return main.identity;
      return { code: "token_invalid", detail: "It names another participant than the page does." };
    }
    if (main !== null && (main.status !== "expired" || resume?.status !== "valid")) return doubt(main);
    if (resume?.status === "valid" && fitsClaim(resume.identity)) return resume.identity;
    if (this.#open) {
      // A resume token of an earlier run is no reason to turn anybody away here.
      return { participantId: claimed ?? randomUUID(), attributes: {}, priority: 0 };
    }
    if (resume === null) return { code: "token_required" };
    if (resume.status !== "valid") return doubt(resume);
    return { code: "token_invalid", detail: "It names another participant than the page does." };
  }
}

interface Doubt {
  readonly code: RefusalCode;
  readonly detail?: string;
}

function doubt(verdict: Exclude<TokenVerdict, { status: "valid" }>): Doubt {
  switch (verdict.status) {
    case "expired":
      return { code: "token_expired" };
    case "wrong_scene":
      return { code: "token_invalid", detail: `It is for the scene "${verdict.scene}".` };
    case "invalid":
      return { code: "token_invalid", detail: `(${verdict.reason})` };
  }
}

function refuse(sceneId: string | null, code: RefusalCode, detail?: string): Admission {
  return { status: "refused", sceneId, refusal: refusal(code, detail) };
}

/** Names the parts that are wrong, without repeating what was sent: it may be a token. */
function describe(issues: readonly v.BaseIssue<unknown>[]): string {
  const paths = new Set(issues.map((issue) => v.getDotPath(issue) ?? "the whole"));
  return `Wrong or missing: ${[...paths].join(", ")}.`;
}
