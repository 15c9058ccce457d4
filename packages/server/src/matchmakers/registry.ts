import { didYouMean } from "./didYouMean.js";
import { FifoMatchmaker } from "./fifo.js";
import { GroupReunionMatchmaker } from "./groupReunion.js";
import { LatencyFifoMatchmaker } from "./latencyFifo.js";
import { LowestLatencyMatchmaker } from "./lowestLatency.js";
import type { Matchmaker } from "./matchmaker.js";
import { type OptionCheck, optionalMs, optionalShare, requiredMs, shown } from "./options.js";
import { optionalLimit, type P2pLimit, type RelaxingLimit, requiredLimit } from "./p2pLimit.js";

/** A matchmaker, or every mistake in its description, each a sentence for the person who wrote it. */
export type DescribedMatchmaker =
  | { readonly status: "ok"; readonly matchmaker: Matchmaker }
  | { readonly status: "invalid"; readonly problems: readonly string[] };

interface Kind {
  readonly options: Readonly<Record<string, OptionCheck>>;
  /** Called with options that passed their checks. */
  make(options: Readonly<Record<string, unknown>>): Matchmaker;
}

const kinds: Readonly<Record<string, Kind>> = {
  fifo: {
    options: { maxP2pRttMs: optionalLimit },
    make: (options) => new FifoMatchmaker({ maxP2pRttMs: limitOf(options["maxP2pRttMs"]) }),
  },
  "latency-fifo": {
    options: { maxServerRttMs: requiredMs, maxP2pRttMs: optionalLimit },
    make: (options) =>
      new LatencyFifoMatchmaker({
        maxServerRttMs: msOf(options["maxServerRttMs"]) ?? 0,
        maxP2pRttMs: limitOf(options["maxP2pRttMs"]),
      }),
  },
  "lowest-latency": {
    options: {
      maxP2pRttMs: requiredLimit,
      patienceMs: optionalMs,
      leastChance: optionalShare,
      batchWindowMs: optionalMs,
    },
    make: (options) => {
      const patienceMs = msOf(options["patienceMs"]);
      const batchWindowMs = msOf(options["batchWindowMs"]);
      return new LowestLatencyMatchmaker({
        maxP2pRttMs: limitOf(options["maxP2pRttMs"]) ?? 0,
        ...(patienceMs === null ? {} : { patienceMs }),
        ...(typeof options["leastChance"] === "number" ? { leastChance: options["leastChance"] } : {}),
        ...(batchWindowMs === null ? {} : { batchWindowMs }),
      });
    },
  },
  "group-reunion": {
    options: { fallback: checkFallback, waitForPartnersMs: optionalMs, maxP2pRttMs: optionalLimit },
    make: (options) => {
      const fallback = fallbackOf(options["fallback"]);
      return new GroupReunionMatchmaker({
        fallback,
        waitForPartnersMs: msOf(options["waitForPartnersMs"]),
        // Left out, the fallback's limit holds for all; only an explicit null lifts it.
        ...(options["maxP2pRttMs"] === undefined ? {} : { maxP2pRttMs: limitOf(options["maxP2pRttMs"]) }),
      });
    },
  },
};

/** The names a plain-object configuration may use. */
export const matchmakerNames: readonly string[] = Object.keys(kinds);

/**
 * Makes a matchmaker out of a plain object, for configurations in JSON: `"fifo"`, or an object with a name and
 * the options of that matchmaker's constructor.
 *
 * @example
 * ```ts
 * matchmakerFromDescription({ name: "latency-fifo", maxServerRttMs: 200, maxP2pRttMs: 150 });
 * matchmakerFromDescription({ name: "group-reunion", fallback: { name: "fifo" }, waitForPartnersMs: 60_000 });
 * ```
 */
export function matchmakerFromDescription(description: unknown): DescribedMatchmaker {
  const problems = problemsOf(description);
  if (problems.length > 0) return { status: "invalid", problems };
  const { name, options } = parts(description);
  const kind = kinds[name];
  if (kind === undefined) return { status: "invalid", problems: [unknownName(name)] };
  return { status: "ok", matchmaker: kind.make(options) };
}

function problemsOf(description: unknown): readonly string[] {
  if (typeof description !== "string" && !isPlainObject(description)) {
    return [`A matchmaker is described by its name or by { name, … }, but this is ${shown(description)}.`];
  }
  const { name, options } = parts(description);
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (kind === undefined) return [unknownName(name)];

  const problems: string[] = [];
  for (const option of Object.keys(options)) {
    if (!Object.hasOwn(kind.options, option))
      problems.push(unknownOption(name, option, Object.keys(kind.options)));
  }
  for (const [option, check] of Object.entries(kind.options)) {
    const problem = check(option, options[option]);
    if (problem !== null) problems.push(`Matchmaker "${name}": ${problem}`);
  }
  return problems;
}

function parts(description: unknown): { name: string; options: Readonly<Record<string, unknown>> } {
  if (!isPlainObject(description)) return { name: String(description), options: {} };
  const { name, ...options } = description;
  return { name: typeof name === "string" ? name : "", options };
}

function unknownName(name: string): string {
  const names = `Known: ${matchmakerNames.map((n) => `"${n}"`).join(", ")}.`;
  if (name === "") return `A matchmaker's description needs a name. ${names}`;
  const meant = didYouMean(name, matchmakerNames);
  return `There is no matchmaker named ${shown(name)}. ${meant === null ? "" : `Did you mean "${meant}"? `}${names}`;
}

function unknownOption(name: string, option: string, known: readonly string[]): string {
  const meant = didYouMean(option, known);
  const hint = meant === null ? `Its options: ${known.join(", ")}.` : `Did you mean ${meant}?`;
  return `Matchmaker "${name}": there is no option ${shown(option)}. ${hint}`;
}

function checkFallback(name: string, value: unknown): string | null {
  if (value === undefined || value === null) return null;
  const problems = problemsOf(value);
  return problems.length === 0 ? null : `${name}: ${problems.join(" ")}`;
}

function fallbackOf(value: unknown): Matchmaker | null {
  if (value === undefined || value === null) return null;
  const described = matchmakerFromDescription(value);
  return described.status === "ok" ? described.matchmaker : null;
}

/** Checked before. */
const limitOf = (value: unknown): P2pLimit =>
  isPlainObject(value) ? (value as unknown as RelaxingLimit) : msOf(value);

const msOf = (value: unknown): number | null => (typeof value === "number" ? value : null);

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
