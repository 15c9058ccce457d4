import type { LobbyConfig } from "./config.js";
import type { Decision } from "./events.js";
import { seededRandom } from "./random.js";
import type { LobbyState } from "./state.js";

/** Which arm of the study a match gets, and by which rule. */
export interface TreatmentPlan {
  /** At least one, each once. */
  readonly arms: readonly string[];
  readonly assign: "random" | "rotation" | "latin-square" | "balanced";
  /** Matches an arm needs; an arm without a number needs no end of them. */
  readonly quotas: Readonly<Record<string, number>>;
}

/** What one match was given. */
export interface Treatment {
  /** The arm, or the first one where a group goes through all. */
  readonly arm: string;
  /** The arms in the order in which the group goes through them: this one arm, or a row of the Latin square. */
  readonly order: readonly string[];
}

/** What the log says of an arm. */
export interface ArmTally {
  assigned: number;
  /** Matches that are still running, and not yet complete. */
  running: number;
  /** Matches whose every member said that it was done. */
  complete: number;
}

/** What the log says of the treatments assigned so far. */
export interface TreatmentTally {
  assigned: number;
  lastArm: string | null;
  readonly byArm: Map<string, ArmTally>;
}

export const createTreatmentTally = (): TreatmentTally => ({ assigned: 0, lastArm: null, byArm: new Map() });

/** A match was committed with a treatment. */
export function countAssigned(tally: TreatmentTally, { arm }: Treatment): void {
  tally.assigned += 1;
  tally.lastArm = arm;
  const before = tally.byArm.get(arm) ?? { assigned: 0, running: 0, complete: 0 };
  tally.byArm.set(arm, { ...before, assigned: before.assigned + 1, running: before.running + 1 });
}

/** A match is complete, or over without having been. */
export function countEnded(tally: TreatmentTally, { arm }: Treatment, complete: boolean): void {
  const count = tally.byArm.get(arm);
  if (count === undefined) return;
  count.running -= 1;
  if (complete) count.complete += 1;
}

/**
 * How many more matches the arms need together; infinite where one has no quota.
 *
 * A quota counts the matches that were given the arm; with `balanced` those that are complete or still running, so that
 * a group that broke up is replaced.
 */
export function treatmentsLeft(plan: TreatmentPlan, tally: TreatmentTally): number {
  let left = 0;
  for (const arm of plan.arms) {
    left += Math.max(0, (plan.quotas[arm] ?? Number.POSITIVE_INFINITY) - used(plan, tally, arm));
  }
  return left;
}

/**
 * Gives every match that these decisions commit its treatment; where the study's hook is asked for a room first, it is
 * assigned then, so that the room can be made for it, and given back when there is no match.
 */
export function withTreatments(
  state: LobbyState,
  config: LobbyConfig,
  decisions: readonly Decision[],
): readonly Decision[] {
  const plan = config.treatments;
  if (plan === undefined || !decisions.some(isAssigning)) return decisions;
  // Several matches may be made at once: each has to see those before it as given.
  const tally: TreatmentTally = { ...state.treatments, byArm: new Map(state.treatments.byArm) };
  for (const { treatment } of state.proposals.values())
    if (treatment !== null) countAssigned(tally, treatment);
  return decisions.map((decision) => {
    if (!isAssigning(decision)) return decision;
    const given = state.proposals.get(decision.proposalId)?.treatment ?? null;
    if (given !== null) return { ...decision, treatment: { arm: given.arm, order: [...given.order] } };
    const treatment = nextTreatment(plan, tally, `${state.seed}/treatment/${decision.matchId}`);
    countAssigned(tally, treatment);
    return { ...decision, treatment: { arm: treatment.arm, order: [...treatment.order] } };
  });
}

type Assigning = Extract<Decision, { type: "match.creating" | "match.committed" }>;

const isAssigning = (decision: Decision): decision is Assigning =>
  decision.type === "match.creating" || decision.type === "match.committed";

/** The treatment a match gets, given those assigned so far. Draws come from the seed alone. */
function nextTreatment(plan: TreatmentPlan, tally: TreatmentTally, seed: string): Treatment {
  if (plan.assign === "latin-square") {
    const rows = latinSquare(plan.arms);
    const order = rows[tally.assigned % rows.length] ?? plan.arms;
    return { arm: order[0] ?? "", order };
  }
  const open = plan.arms.filter((arm) => used(plan, tally, arm) < (plan.quotas[arm] ?? Infinity));
  // Where a new configuration left no arm open for a group that is already complete, the quotas give way.
  const arm = armFrom(open.length > 0 ? open : plan.arms, plan, tally, seed);
  return { arm, order: [arm] };
}

function armFrom(open: readonly string[], plan: TreatmentPlan, tally: TreatmentTally, seed: string): string {
  switch (plan.assign) {
    case "rotation": {
      const from = tally.lastArm === null ? 0 : plan.arms.indexOf(tally.lastArm) + 1;
      const turned = [...plan.arms.slice(from), ...plan.arms.slice(0, from)];
      return turned.find((arm) => open.includes(arm)) ?? "";
    }
    case "balanced": {
      const lightest = least(open, (arm) => loadOf(tally, arm));
      return drawn(
        least(lightest, (arm) => tally.byArm.get(arm)?.assigned ?? 0),
        seed,
      );
    }
    default:
      return drawn(open, seed);
  }
}

const drawn = (arms: readonly string[], seed: string): string =>
  arms[Math.floor(seededRandom(seed)() * arms.length)] ?? "";

/** A running match may still break up, so it counts half. */
function loadOf(tally: TreatmentTally, arm: string): number {
  const count = tally.byArm.get(arm);
  return count === undefined ? 0 : count.complete + count.running / 2;
}

function used(plan: TreatmentPlan, tally: TreatmentTally, arm: string): number {
  const count = tally.byArm.get(arm);
  if (count === undefined) return 0;
  return plan.assign === "balanced" ? count.complete + count.running : count.assigned;
}

function least(arms: readonly string[], value: (arm: string) => number): readonly string[] {
  const smallest = Math.min(...arms.map(value));
  return arms.filter((arm) => value(arm) === smallest);
}

/**
 * A balanced Latin square (Williams 1949): every arm is once in every place, and follows every other arm equally often. As
 * many rows as arms, twice as many for an odd number of arms.
 */
export function latinSquare(arms: readonly string[]): readonly (readonly string[])[] {
  const n = arms.length;
  // 0, 1, n−1, 2, n−2, …: neighbours differ by every amount once.
  const first = arms.map((_, i) => (i % 2 === 1 ? (i + 1) / 2 : (n - i / 2) % n));
  const rows = arms.map((_, row) => first.map((i) => arms[(i + row) % n] ?? ""));
  return n % 2 === 0 || n === 1 ? rows : [...rows, ...rows.map((row) => [...row].reverse())];
}
