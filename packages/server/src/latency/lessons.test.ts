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

describe("what probes taught", () => {
  test("is nothing before the first, and nothing far away from all of them", () => {
    const lessons = fresh();
    expect(lessons.about(east(), west())).toBeNull();
    lessons.learn(east(), west(), 0.5, 0.2);
    expect(lessons.about(south(), south())).toBeNull();
  });

  test("holds for the same places, in both directions and whatever the last miles are", () => {
    const lessons = fresh();
    lessons.learn(east(), west(), 0.4, 0.2);
    const learned = lessons.about(east(0, 25), west(0, 2));
    expect(learned?.error).toBeGreaterThan(1.7);
    expect(learned?.error).toBeLessThan(2);
    expect(learned?.varianceLeft).toBeLessThan(0.1);
    const back = lessons.about(west(0, 2), east(0, 25));
    expect(back?.error).toBeCloseTo(learned?.error ?? 0, 9);
  });

  test("says less the further somebody is from there", () => {
    const lessons = fresh();
    lessons.learn(east(), west(), 0.4, 0.2);
    const errors = [0, 4, 8, 12].map((away) => lessons.about(east(away), west())?.error ?? 0);
    expect(errors).toEqual([...errors].sort((a, b) => b - a));
    expect(errors[3]).toBeLessThan((errors[0] ?? 0) / 2);
  });

  test("does not count what many neighbours saw of one thing as many things", () => {
    const [one, many] = [fresh(), fresh()];
    one.learn(east(6), west(), 0.4, 0.2);
    for (let i = 0; i < 5; i += 1) many.learn(east(6 + i / 10), west(), 0.4, 0.2);
    const [alone, together] = [one.about(east(), west()), many.about(east(), west())];
    expect(together?.varianceLeft).toBeGreaterThan((alone?.varianceLeft ?? 0) - 0.1);
  });

  test("averages what is measured again and again between the same places", () => {
    const lessons = fresh();
    for (const error of [0.3, 0.5, 0.3, 0.5]) lessons.learn(east(), west(), error, 0.2);
    expect(lessons.about(east(), west())?.error).toBeCloseTo(2, 0);
  });

  test("goes on where it was saved, to the last digit", () => {
    const sites = new Sites();
    const lessons = new Lessons(sites);
    for (let i = 0; i < 30; i += 1) lessons.learn(east(i), west(-i), Math.sin(i), 0.2);
    const restored = new Lessons(new Sites(sites.places), lessons.save());
    for (const both of [lessons, restored]) both.learn(east(31), west(), 0.1, 0.3);
    for (let i = 0; i < 30; i += 1)
      expect(restored.about(east(i + 0.5), west(-i))).toEqual(lessons.about(east(i + 0.5), west(-i)));
  });
});
