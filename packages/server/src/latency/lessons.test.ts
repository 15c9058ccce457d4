import { describe, expect, test } from "vitest";
import type { Place } from "./landmarks.js";
import { Lessons } from "./lessons.js";
import { Sites } from "./sites.js";

/** Landmarks in five directions; the last mile adds the same to each. */
const east = (away = 0, lastMileMs = 5): Place =>
  [20, 90, 150, 200, 60].map((ms, i) => ms + lastMileMs + (i % 2 === 0 ? away : -away));
const west = (away = 0, lastMileMs = 5): Place =>
  [180, 60, 40, 110, 170].map((ms, i) => ms + lastMileMs + (i % 2 === 0 ? away : -away));
const south = (): Place => [90, 200, 170, 20, 130];

const fresh = () => new Lessons(new Sites());
/** An RTT that was so far from what the landmarks said, in logarithms; they thought `sd` possible. */
const measured = (error: number, sd = 0.2, rttMs = 100) => ({ rttMs, error, sd });

describe("what probes taught", () => {
  test("is nothing before the first, and nothing far away from all of them", () => {
    const lessons = fresh();
    expect(lessons.about(east(), west())).toBeNull();
    lessons.learn(east(), west(), measured(0.5));
    expect(lessons.about(south(), south())).toBeNull();
  });

  test("holds for the same places, in both directions and hardly less with other last miles", () => {
    const lessons = fresh();
    lessons.learn(east(), west(), measured(0.4));
    const learned = lessons.about(east(0, 25), west(0, 2));
    expect(learned?.error).toBeGreaterThan(1.7);
    expect(learned?.error).toBeLessThan(2);
    expect(lessons.about(east(), west())?.varianceLeft).toBeLessThan(0.1);
    expect(learned?.varianceLeft).toBeLessThan(0.2);
    const back = lessons.about(west(0, 2), east(0, 25));
    expect(back?.error).toBeCloseTo(learned?.error ?? 0, 9);
  });

  test("says less the further somebody is from there", () => {
    const lessons = fresh();
    lessons.learn(east(), west(), measured(0.4));
    const errors = [0, 4, 8, 12].map((away) => lessons.about(east(away), west())?.error ?? 0);
    expect(errors).toEqual([...errors].sort((a, b) => b - a));
    expect(errors[3]).toBeLessThan((errors[0] ?? 0) / 2);
  });

  test("does not count what many neighbours saw of one thing as many things", () => {
    const [one, many] = [fresh(), fresh()];
    one.learn(east(6), west(), measured(0.4));
    for (let i = 0; i < 5; i += 1) many.learn(east(6 + i / 10), west(), measured(0.4));
    const [alone, together] = [one.about(east(), west()), many.about(east(), west())];
    expect(together?.varianceLeft).toBeGreaterThan((alone?.varianceLeft ?? 0) - 0.1);
  });

  test("averages what is measured again and again between the same places", () => {
    const lessons = fresh();
    for (const error of [0.3, 0.5, 0.3, 0.5]) lessons.learn(east(), west(), measured(error));
    expect(lessons.about(east(), west())?.error).toBeCloseTo(2, 0);
  });

  test("remembers what was measured between the same places, in both directions, less the last miles of then", () => {
    const lessons = fresh();
    lessons.learn(east(0, 30), west(0, 20), measured(0.4, 0.2, 110));
    const [there, back] = [lessons.about(east(0, 4), west(0, 6)), lessons.about(west(0, 6), east(0, 4))];
    expect(there?.repeats).toHaveLength(1);
    expect(Math.exp(there?.repeats[0]?.logRttMs ?? 0)).toBeCloseTo(110 - 26 - 14, 0);
    expect(there?.newShare).toBeLessThan(0.1);
    expect((there?.newShare ?? 0) + (there?.repeats[0]?.share ?? 0)).toBeCloseTo(1, 9);
    expect(back?.repeats).toEqual(there?.repeats);
  });

  test("takes a neighbour's path for another one", () => {
    const lessons = fresh();
    lessons.learn(east(), west(), measured(0.4));
    const learned = lessons.about(east(12), west());
    expect(learned?.error).toBeGreaterThan(0);
    expect(learned).toMatchObject({ repeats: [], newShare: 1 });
  });

  test("goes by the last four measurements of a path alike", () => {
    const lessons = fresh();
    for (const rttMs of [500, 80, 80, 200, 80]) lessons.learn(east(), west(), measured(0, 0.2, rttMs));
    const { repeats = [], newShare = 1 } = lessons.about(east(), west()) ?? {};
    expect(repeats.map(({ logRttMs }) => Math.round(Math.exp(logRttMs)))).toEqual([80, 80, 200, 80]);
    for (const { share } of repeats) expect(share).toBeCloseTo((1 - newShare) / 4, 9);
  });

  test("goes on where it was saved, to the last digit", () => {
    const sites = new Sites();
    const lessons = new Lessons(sites);
    for (let i = 0; i < 30; i += 1) lessons.learn(east(i), west(-i), measured(Math.sin(i)));
    const restored = new Lessons(new Sites(sites.save()), lessons.save());
    for (const both of [lessons, restored]) both.learn(east(31), west(), measured(0.1, 0.3));
    for (let i = 0; i < 30; i += 1)
      expect(restored.about(east(i + 0.5), west(-i))).toEqual(lessons.about(east(i + 0.5), west(-i)));
  });
});
