import { redisServers } from "@probematch/testbed";
import { describe, it } from "vitest";
import { hasRedis, RedisRig, redisTitle } from "../../../test/redisRig.js";
import { journalConformance } from "../conformance.js";

/** Redis, and Valkey where it is installed too. */
const servers = hasRedis ? redisServers() : ["redis-server"];

describe.each(servers)(redisTitle("the journal in %s keeps what every journal promises:"), (command) => {
  for (const { title, run } of journalConformance) {
    it.skipIf(!hasRedis)(title, { timeout: 15_000 }, async () => {
      const rig = await RedisRig.start(command);
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
