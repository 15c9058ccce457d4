import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LobbyBoard } from "./lobbyBoard.js";

/** A board in a room where so many wait, and what it tells, by whom and when (ms from the start). */
function roomOf(waiting: number, refreshMs = 5000) {
  const startedAt = performance.now();
  const told: { readonly who: number; readonly at: number; readonly always: boolean }[] = [];
  const sessions = Array.from({ length: waiting }, (_, who) => ({
    tellStanding: (always: boolean) => {
      told.push({ who, at: performance.now() - startedAt, always });
      return true;
    },
  }));
  const errors: unknown[] = [];
  const board = new LobbyBoard(
    () => sessions,
    refreshMs,
    (error) => errors.push(error),
  );
  return { board, told, errors, sessions };
}

/** People come and go all the time. */
async function bustle(board: LobbyBoard, ms: number): Promise<void> {
  for (let t = 0; t < ms; t += 10) {
    board.changed();
    await vi.advanceTimersByTimeAsync(10);
  }
}

const timesOf = (told: ReturnType<typeof roomOf>["told"], who: number) =>
  told.filter((one) => one.who === who).map((one) => one.at);

function largestGap(times: readonly number[]): number {
  return Math.max(...times.slice(1).map((at, i) => at - (times[i] ?? 0)));
}

describe("the board of a waiting room", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("tells the first change after a quiet time within a quarter of a second, whatever the crowd", async () => {
    for (const waiting of [10, 1000, 10_000]) {
      const { board, told } = roomOf(waiting);
      await vi.advanceTimersByTimeAsync(3000);
      board.changed();
      await vi.advanceTimersByTimeAsync(250);
      expect(told[0]).toEqual({ who: 0, at: 3250, always: false });
      board.close();
    }
  });

  it("tells what happens within a quarter of a second together", async () => {
    const { board, told } = roomOf(3);
    await bustle(board, 1000);
    expect(timesOf(told, 0)).toEqual([250, 500, 750, 1000]);
    board.close();
  });

  it("tells a bustling room the less often the more wait, but up to 10,000 once in the refresh time", async () => {
    for (const [waiting, everyMs] of [
      [100, 250],
      [1000, 2500],
      [2000, 5000],
      [10_000, 5000],
      [40_000, 20_000],
    ] as const) {
      const { board, told } = roomOf(waiting);
      await bustle(board, 61_000);
      for (const who of [0, waiting - 1]) {
        const times = timesOf(told, who).filter((at) => at > 5000);
        expect(largestGap(times)).toBeLessThan(everyMs * 1.15 + 50);
        expect(times.length).toBeLessThan(56_000 / everyMs + 2);
      }
      board.close();
    }
  });

  it("tells everybody again after the refresh time, though nothing changed", async () => {
    const { board, told } = roomOf(50);
    await vi.advanceTimersByTimeAsync(10_500);
    expect(timesOf(told, 7)).toHaveLength(2);
    expect(told.every(({ always }) => always)).toBe(true);
    board.close();
  });

  it("leaves the event loop to others while it tells a crowd", async () => {
    const { board, told } = roomOf(10_000);
    board.changed();
    await vi.advanceTimersByTimeAsync(251);
    expect(told).toHaveLength(100);
    await vi.advanceTimersByTimeAsync(3000);
    expect(told).toHaveLength(10_000);
    board.close();
  });

  it("tells of a change that came while it was telling", async () => {
    const { board, told } = roomOf(150);
    board.changed();
    await vi.advanceTimersByTimeAsync(255);
    expect(told).toHaveLength(100);
    board.changed();
    await vi.advanceTimersByTimeAsync(1000);
    expect(timesOf(told, 0)).toHaveLength(2);
    board.close();
  });

  it("goes on after an error, which it reports", async () => {
    const { board, told, errors, sessions } = roomOf(2);
    sessions.unshift({
      tellStanding: () => {
        sessions.shift();
        throw new Error("broken");
      },
    });
    board.changed();
    await vi.advanceTimersByTimeAsync(251);
    expect(errors).toHaveLength(1);
    board.changed();
    await vi.advanceTimersByTimeAsync(600);
    expect(told).toHaveLength(2);
    board.close();
  });

  it("tells nobody once it is closed", async () => {
    const { board, told } = roomOf(1000);
    board.changed();
    await vi.advanceTimersByTimeAsync(255);
    const before = told.length;
    board.close();
    board.changed();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(told).toHaveLength(before);
  });
});
