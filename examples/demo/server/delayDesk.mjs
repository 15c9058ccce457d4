import { rules } from "./rules.mjs";

const PATH = "/demo/delay";
const MAX_BODY_BYTES = 1000;
/** Tabs remembered; the one that asked longest ago is forgotten first. */
const MAX_TABS = 1000;

/**
 * Lets a tab ask for a slow connection: `POST /demo/delay {"participantId": …, "addedRttMs": 0…400}`. A tab can only
 * name itself, because nobody else knows its id.
 *
 * @param {import("@probematch/testbed").DelayRelay} relay
 * @returns {(request: import("node:http").IncomingMessage, response: import("node:http").ServerResponse) => boolean}
 *   whether the request was for it
 */
export function createDelayDesk(relay) {
  /** @type {Set<string>} */
  const slowed = new Set();

  /** @param {{ participantId: string, addedRttMs: number }} wish */
  function grant({ participantId, addedRttMs }) {
    slowed.delete(participantId);
    if (addedRttMs === 0) return relay.setParticipant(participantId, null);
    // Held once on the way out and once on the way in: together they are the round trip's.
    relay.setParticipant(participantId, { delayMs: addedRttMs / 2 });
    slowed.add(participantId);
    const [oldest] = slowed;
    if (slowed.size > MAX_TABS && oldest !== undefined) {
      slowed.delete(oldest);
      relay.setParticipant(oldest, null);
    }
  }

  return (request, response) => {
    if (request.url !== PATH) return false;
    if (request.method !== "POST") {
      response.writeHead(405, { Allow: "POST" }).end();
      return true;
    }
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (/** @type {string} */ chunk) => {
      body += chunk;
      if (body.length > MAX_BODY_BYTES) request.destroy();
    });
    request.on("end", () => {
      const wish = read(body);
      if (wish !== null) grant(wish);
      response.writeHead(wish === null ? 400 : 204).end();
    });
    return true;
  };
}

/** @param {string} body */
function read(body) {
  /** @type {unknown} */
  let value;
  try {
    value = JSON.parse(body);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  if (!("participantId" in value && "addedRttMs" in value)) return null;
  const { participantId, addedRttMs } = value;
  const isId = typeof participantId === "string" && /^[\x21-\x7e]{1,128}$/.test(participantId);
  const isDelay = typeof addedRttMs === "number" && addedRttMs >= 0 && addedRttMs <= rules.maxSlowRttMs;
  return isId && isDelay ? { participantId, addedRttMs } : null;
}
