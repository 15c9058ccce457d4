import { redisServers } from "@probematch/testbed";
import { describe, it } from "vitest";
import { hasRedis, quick, RedisRig, redisTitle } from "../../../test/redisRig.js";
import { journalConformance } from "../conformance.js";

/** Redis, and Valkey where it is installed too. */
const servers = hasRedis ? redisServers() : ["redis-server"];

/**
 * Nothing here waits for a lease to end, and one case only for an append to be given up: both have long, so that no busy
 * moment of the machine ends them.
 */
const patient = { snapshotEvents: 2, leaseMs: 5000, nodeMs: 10_000, appendTimeoutMs: 5000 };

describe.each(servers)(redisTitle("the journal in %s keeps what every journal promises:"), (command) => {
  for (const { title, run } of journalConformance) {
    it.skipIf(!hasRedis)(title, { timeout: 15_000 }, async () => {
      const rig = await RedisRig.start(command);
      const { appendTimeoutMs } = title.startsWith("while nothing can be written") ? quick : patient;
      const changes = { ...patient, appendTimeoutMs };
      try {
        await run({
          openStore: () => rig.store(undefined, changes),
          openAfterKill: () => rig.store(undefined, changes),
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
