import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { createGzip, gunzip } from "node:zlib";
import { type Entry, type Send, seqOf } from "./entries.js";

/**
 * What is cut off a scene's log goes to its archive first: the same entries, compressed to about a tenth. The log is the
 * study's data, so nothing of it is ever thrown away; readers that need an old part find it here.
 */

const expand = promisify(gunzip);

/** Text, piece by piece, in a form that goes through Redis as text. A piece is taken when the one before is compressed. */
export async function pack(pieces: Iterable<string>): Promise<string> {
  const compressed = Readable.from(pieces, { objectMode: false }).pipe(createGzip());
  return (await buffer(compressed)).toString("base64");
}

/** @throws {Error} it was not packed by {@link pack} */
export const unpack = async (packed: string): Promise<string> =>
  (await expand(Buffer.from(packed, "base64"))).toString("utf8");

/**
 * The entries of the archive after a place in the log, one packet of them.
 *
 * @returns none where the archive does not reach that far
 */
export async function archivedAfter(send: Send, archive: string, seq: number): Promise<readonly Entry[]> {
  const [packet] = (await send(["XRANGE", archive, `(${seq}-0`, "+", "COUNT", "1"])) as readonly Entry[];
  const packed = packet?.[1][1];
  if (packed === undefined) return [];
  const entries = JSON.parse(await unpack(packed)) as readonly Entry[];
  return entries.filter((entry) => seqOf(entry) > seq);
}

/** The entry whose last event has this place, wherever it is now. */
export async function entryAt(
  send: Send,
  { log, archive }: { readonly log: string; readonly archive: string },
  seq: number,
): Promise<Entry | undefined> {
  const id = `${seq}-0`;
  const [entry] = (await send(["XRANGE", log, id, id])) as readonly Entry[];
  if (entry !== undefined) return entry;
  return (await archivedAfter(send, archive, seq - 1)).find((archived) => archived[0] === id);
}
