import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { SceneHandle } from "../runtime/sceneHandle.js";
import { BEACON_PATH, type BeaconFace } from "./beacon.js";
import { CLIENT_FILE_PATH, type ClientFile, sendClientFile } from "./clientFile.js";
import type { Metrics } from "./metrics.js";
import { respond, respondError, respondJson } from "./respond.js";
import type { WhyFace } from "./why.js";

export interface FacesOptions {
  readonly scenes: ReadonlyMap<string, SceneHandle>;
  readonly metrics: Metrics;
  /** `null`: the SDK is not served. */
  readonly clientFile: ClientFile | null;
  readonly beacon: BeaconFace;
  readonly why: WhyFace;
  readonly logger: Logger;
  readonly isClosing: () => boolean;
}

type Face = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** Health, metrics, the queue's length, why somebody waits, a beacon and the SDK's file over plain HTTP. */
export class Faces {
  readonly #options: FacesOptions;

  constructor(options: FacesOptions) {
    this.#options = options;
  }

  /**
   * Answers a request that is meant for these faces; leaves every other one untouched.
   *
   * @param prefix what their paths begin with, `""` or such as `/probematch`
   * @returns false when the request is somebody else's
   */
  handle(request: IncomingMessage, response: ServerResponse, prefix: string): boolean {
    const path = pathOf(request);
    const face = path === null ? null : this.#faceFor(path, prefix);
    if (face === null) return false;
    if (request.method !== "GET" && request.method !== "HEAD") {
      respondError(request, response, 405, "method_not_allowed", "Only GET and HEAD.", {
        allow: "GET, HEAD",
      });
      return true;
    }
    void this.#answer(face, request, response);
    return true;
  }

  #faceFor(path: string, prefix: string): Face | null {
    const { clientFile } = this.#options;
    if (path === CLIENT_FILE_PATH && clientFile !== null) {
      return (request, response) => sendClientFile(request, response, clientFile);
    }
    if (!path.startsWith(`${prefix}/`)) return null;
    const rest = path.slice(prefix.length);
    if (rest === "/healthz") return (request, response) => respondJson(request, response, 200, { ok: true });
    if (rest === "/readyz") return (request, response) => this.#sendReadiness(request, response);
    if (rest === "/metrics") return (request, response) => this.#sendMetrics(request, response);
    if (rest === BEACON_PATH) return (request, response) => this.#options.beacon.send(request, response);
    const [, sceneId, what, participantId] =
      /^\/api\/scenes\/([^/]+)\/(queue|why)(?:\/([^/]+))?$/.exec(rest) ?? [];
    if (sceneId === undefined) return null;
    if (what === "why" && participantId !== undefined) {
      const { why } = this.#options;
      return (request, response) => why.send(request, response, sceneId, participantId);
    }
    if (what !== "queue" || participantId !== undefined) return null;
    return (request, response) => this.#sendQueue(request, response, sceneId);
  }

  async #answer(face: Face, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await face(request, response);
    } catch (error) {
      this.#options.logger.error({ err: error, path: pathOf(request) }, "a request could not be answered");
      if (response.headersSent) response.destroy();
      else respondError(request, response, 500, "server_error", "The server could not answer this.");
    }
  }

  #sendReadiness(request: IncomingMessage, response: ServerResponse): void {
    const unavailable = [...this.#options.scenes].filter(([, scene]) => !scene.available).map(([id]) => id);
    const reason = this.#options.isClosing()
      ? "the server is closing"
      : unavailable.length > 0
        ? `the journal cannot be written: ${unavailable.join(", ")}`
        : null;
    respondJson(request, response, reason === null ? 200 : 503, { ready: reason === null, reason });
  }

  async #sendMetrics(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { metrics } = this.#options;
    respond(request, response, 200, await metrics.text(), { "content-type": metrics.contentType });
  }

  /** A scene that hides how many wait from participants does not tell it to everybody else. */
  #sendQueue(request: IncomingMessage, response: ServerResponse, sceneId: string): void {
    // Says nothing that needs a secret, so a page of any origin may read it.
    const headers = { "access-control-allow-origin": "*" };
    const scene = this.#options.scenes.get(sceneId);
    if (scene === undefined) {
      respondError(request, response, 404, "unknown_scene", "There is no scene of this name here.", headers);
      return;
    }
    const { waiting, estimatedWaitMs } = scene.overview();
    const size = scene.settings.hideLobbyCount ? null : waiting;
    respondJson(request, response, 200, { scene: sceneId, size, estimatedWaitMs }, headers);
  }
}

/** The path as it was sent; `null` where there is none. Nothing is decoded: no face has a name that needs it. */
function pathOf(request: IncomingMessage): string | null {
  const path = request.url?.split("?", 1)[0];
  return path?.startsWith("/") === true ? path : null;
}
