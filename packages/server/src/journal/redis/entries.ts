/** An entry of a stream, as Redis answers: `[id, [name, value, …]]`. */
export type Entry = readonly [string, readonly string[]];

/** Asks Redis. */
export type Send = (args: readonly string[]) => Promise<unknown>;

/** Place of the last event of an entry of the log. */
export const seqOf = ([id]: Entry): number => Number.parseInt(id, 10);
