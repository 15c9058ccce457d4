import { type Beacon, beaconIdSchema, MAX_BEACONS } from "@probematch/shared";
import * as v from "valibot";
import { shown } from "../matchmakers/options.js";
import type { ConfigProblem } from "./configError.js";
import { type Option, readObject, readOption } from "./readOptions.js";

const id: Option<string | null> = {
  schema: beaconIdSchema,
  wanted: "1 to 64 letters, digits, _, . or -, the first one a letter or a digit",
  fallback: null,
};
const url: Option<string | null> = {
  schema: v.pipe(v.string(), v.maxLength(500), v.check(isBeaconUrl)),
  wanted: 'an address such as "https://eu.example.org/beacon", without a name, password or #',
  fallback: null,
};
const place: Option<string> = {
  schema: v.pipe(v.string(), v.maxLength(200)),
  wanted: "a text of at most 200 characters",
  fallback: "",
};

/** The usable ones of a scene's beacons, as pages are told them. Mistakes are added to `problems`. */
export function readBeacons(given: unknown, path: string, problems: ConfigProblem[]): Beacon[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) {
    problems.push({ path, problem: `wanted a list of { id, url }, given ${shown(given)}.` });
    return [];
  }
  if (given.length > MAX_BEACONS) {
    problems.push({
      path,
      problem: `wanted at most ${MAX_BEACONS} beacons, given ${given.length}. Five well-spread ones do nearly as well.`,
    });
    return [];
  }
  const beacons: Beacon[] = [];
  for (const [i, entry] of given.entries()) {
    const beacon = readBeacon(entry, `${path}[${i}]`, problems);
    if (beacon === null) continue;
    const twin = beacons.find((other) => other.id === beacon.id || other.url === beacon.url);
    if (twin === undefined) beacons.push(beacon);
    else {
      const same = twin.id === beacon.id ? "id" : "url";
      problems.push({
        path: `${path}[${i}].${same}`,
        problem: `${shown(beacon[same])} is there twice: every beacon has an id and an address of its own.`,
      });
    }
  }
  return beacons;
}

function readBeacon(given: unknown, path: string, problems: ConfigProblem[]): Beacon | null {
  const entry = readObject(given, ["id", "url", "place"], path, problems);
  if (entry !== given) return null;
  for (const name of ["id", "url"] as const) {
    if (entry[name] !== undefined) continue;
    problems.push({
      path: `${path}.${name}`,
      problem: `wanted ${{ id, url }[name].wanted}, given nothing.`,
    });
  }
  readOption(place, entry["place"], `${path}.place`, problems);
  const readId = readOption(id, entry["id"], `${path}.id`, problems);
  const readUrl = readOption(url, entry["url"], `${path}.url`, problems);
  // As browsers write it, because they name a request's timing so.
  return readId === null || readUrl === null ? null : { id: readId, url: new URL(readUrl).href };
}

function isBeaconUrl(given: string): boolean {
  if (!URL.canParse(given)) return false;
  const { protocol, username, password, hash } = new URL(given);
  // A request cannot be sent to an address with a password in it, and never sends what comes after a #.
  return /^https?:$/.test(protocol) && username === "" && password === "" && hash === "";
}
