import type { Apart, WaitsFor, WhyWaiting } from "./explain.js";

/** An explanation as a sentence, for the researcher. */
export function summaryOf(why: Omit<WhyWaiting, "summary">): string {
  const whole = wholes[why.waitsFor];
  if (whole !== null) return whole;
  if (why.here === 0) return "Nobody else is here.";
  const reasons = why.apart.map(inWords).join(", ");
  const relaxes =
    why.limitRelaxesAt === null
      ? ""
      : ` The limit of ${why.limitMs} ms relaxes in ${Math.ceil((why.limitRelaxesAt - why.at) / 1000)} s.`;
  return `${why.here} here, ${possibleInWords(why)}${reasons === "" ? "." : `: ${reasons}.`}${relaxes}`;
}

/** What the others have no part in. */
const wholes: Readonly<Record<WaitsFor, string | null>> = {
  proposal: "In a group that is being measured or confirmed.",
  itself: "Away, not measured yet, or resting after a failure of its own.",
  room: "The study's onMatch hook made no room; the scene pauses before it is asked again.",
  last_matches: "The last matches this scene makes are being formed.",
  people: null,
  group: null,
  matchmaker: null,
};

function possibleInWords({ waitsFor, possible, needed, limitMs }: Omit<WhyWaiting, "summary">): string {
  const [people, verb] = possible === 1 ? ["1", "is"] : [`${possible}`, "are"];
  if (waitsFor === "group") return `${people} ${verb} possible, but no group of them keeps the rules`;
  if (waitsFor === "matchmaker")
    return `${people} ${verb} possible, and the matchmaker waits for a better group`;
  if (possible > 0) return `${people} ${verb} possible, ${needed} needed`;
  return limitMs === null ? "none possible" : "none within your limits";
}

function inWords({ count, phrase, rttMs }: Apart): string {
  const shown = rttMs.slice(0, SHOWN).map((ms) => `${Math.round(ms)} ms`);
  if (rttMs.length > SHOWN) shown.push("…");
  return `${count} ${phrase}${shown.length === 0 ? "" : ` (measured ${shown.join(", ")})`}`;
}

const SHOWN = 5;
