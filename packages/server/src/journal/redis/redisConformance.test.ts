import { describe, it } from "vitest";
import { hasRedis, RedisRig, redisTitle } from "../../../test/redisRig.js";
import { journalConformance } from "../conformance.js";

describe.skipIf(!hasRedis)(redisTitle("the Redis journal keeps what every journal promises:"), () => {
  for (const { title, run } of journalConformance) {
    it(title, { timeout: 15_000 }, async () => {
      const rig = await RedisRig.start();
      try {
        await run({
          openStore: () => rig.store(undefined, { snapshotEvents: 2 }),
          openAfterKill: () => rig.store(undefined, { snapshotEvents: 2 }),
          breakWrites: async () => rig.pause(),
          mendWrites: async () => rig.resume(),
          dispose: async () => undefined,
        });
      } finally {
        await rig.close();
      }
    });
  }
});
