import { createHmac } from "node:crypto";

export interface IceServer {
  readonly urls: string | readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

export interface IceSettings {
  /** Passed to the pages as they are: STUN servers, or TURN servers with credentials that do not change. */
  readonly servers?: readonly IceServer[];
  /** TURN servers that share a secret with this one (coturn: `use-auth-secret`, `static-auth-secret`). */
  readonly turn?: {
    readonly urls: string | readonly string[];
    readonly secret: string;
    /** How long credentials are good for. Default: 10 minutes, enough to connect; a connection outlives them. */
    readonly lifeMs?: number;
  };
}

const DEFAULT_LIFE_MS = 600_000;

/**
 * The ICE servers for one probe, with TURN credentials made for it: coturn's REST scheme
 * (draft-uberti-behave-turn-rest-00), username `<expiry in epoch seconds>:<probe id>`, password
 * base64(HMAC-SHA1(secret, username)). The TURN server's log thus names probes, never participants.
 *
 * @param now epoch ms
 */
export function iceServersFor(
  settings: IceSettings,
  probeId: string,
  now: number,
): { urls: string | string[]; username?: string; credential?: string }[] {
  const servers = (settings.servers ?? []).map(({ urls, username, credential }) => ({
    urls: copy(urls),
    ...(username === undefined ? {} : { username }),
    ...(credential === undefined ? {} : { credential }),
  }));
  if (settings.turn === undefined) return servers;
  const { urls, secret, lifeMs = DEFAULT_LIFE_MS } = settings.turn;
  const username = `${Math.ceil((now + lifeMs) / 1000)}:${probeId}`;
  const credential = createHmac("sha1", secret).update(username).digest("base64");
  return [...servers, { urls: copy(urls), username, credential }];
}

const copy = (urls: string | readonly string[]) => (typeof urls === "string" ? urls : [...urls]);
