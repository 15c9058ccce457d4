import { archivedAfter } from "./archive.js";
import { type Entry, type Send, seqOf } from "./entries.js";
import type { SceneKeys } from "./keys.js";

const PAGE = 1000;

/** All of a scene's log, from its archive on, while the nodes go on writing it and cutting it off. */
export async function* logPages(
  send: Send,
  { log, archive }: Pick<SceneKeys, "log" | "archive">,
): AsyncGenerator<readonly Entry[]> {
  let live: readonly Entry[] = [];
  for (let seq = 0; ; ) {
    const archived = await archivedAfter(send, archive, seq);
    const page = archived.length > 0 ? archived : live;
    const last = page.at(-1);
    if (last !== undefined) {
      yield page;
      seq = seqOf(last);
    }
    // Before the next look at the archive: what is moved there between the two is found there.
    live =
      archived.length > 0
        ? []
        : ((await send(["XRANGE", log, `(${seq}-0`, "+", "COUNT", `${PAGE}`])) as readonly Entry[]);
    if (archived.length === 0 && live.length === 0) return;
  }
}
