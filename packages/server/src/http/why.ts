import type { IncomingMessage, ServerResponse } from "node:http";
import { type AdminRefusal, AdminToken } from "../admin/adminToken.js";
import { clientAddress } from "../gateway/joinLimiter.js";
import type { SceneHandle } from "../runtime/sceneHandle.js";
import { respondError, respondJson } from "./respond.js";

export interface WhyOptions {
  readonly scenes: ReadonlyMap<string, SceneHandle>;
  readonly adminToken: string | undefined;
  readonly trustedProxies: number;
}

const refusals: Readonly<Record<AdminRefusal, readonly [number, string]>> = {
  token_required: [401, "Send the admin token: Authorization: Bearer …"],
  token_invalid: [401, "This is not the admin token."],
  too_many_joins: [429, "Too many wrong tokens from this address; try again in a minute."],
};

/** `GET /api/scenes/:scene/why/:participantId`: why somebody is still waiting, for the researcher only. */
export class WhyFace {
  readonly #scenes: ReadonlyMap<string, SceneHandle>;
  readonly #token: AdminToken;
  readonly #trustedProxies: number;

  constructor({ scenes, adminToken, trustedProxies }: WhyOptions) {
    this.#scenes = scenes;
    this.#token = new AdminToken(adminToken);
    this.#trustedProxies = trustedProxies;
  }

  async send(
    request: IncomingMessage,
    response: ServerResponse,
    sceneId: string,
    encodedId: string,
  ): Promise<void> {
    const fail = (status: number, code: string, message: string) =>
      respondError(request, response, status, code, message);
    const address = clientAddress(request, this.#trustedProxies);
    const refusal = await this.#token.refusalOf(bearerOf(request), address);
    if (refusal !== null) {
      const [status, message] = refusals[refusal];
      return fail(status, refusal, this.#token.isSet ? message : "This is off: no admin token is set.");
    }
    const scene = this.#scenes.get(sceneId);
    if (scene === undefined) return fail(404, "unknown_scene", "There is no scene of this name here.");
    const participantId = decoded(encodedId);
    const why = participantId === null ? null : scene.whyWaiting(participantId);
    if (why === null) return fail(404, "not_waiting", "Nobody of this id waits in this scene.");
    respondJson(request, response, 200, why);
  }
}

function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
