import { createShardedAdapter } from "@socket.io/redis-adapter";
import type { Logger } from "pino";
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis } from "rate-limiter-flexible";
import { connectClient, createRedisClient } from "../journal/redis/connection.js";
import { hmacSha256 } from "./hmac.js";
import type { SharedCounts } from "./joinLimiter.js";
import type { SocketServerOptions } from "./socketServer.js";

export interface NodeLinkOptions {
  readonly url: string;
  readonly keyPrefix: string;
  /** The nodes' common secret: disguises what they count. */
  readonly secret: string;
  readonly logger: Logger;
}

/** What carries signals between the nodes of a study. */
export interface NodeLink {
  readonly adapter: NonNullable<SocketServerOptions["adapter"]>;
  readonly counts: SharedCounts;
  /** Idempotent. */
  close(): void;
}

const SILENCE_MS = 30_000;
const PING_MS = 10_000;

/**
 * Carries signals between nodes over Redis' sharded publish and subscribe. What cannot be carried is lost: the probe
 * then fails and is tried again.
 *
 * @throws {RedisStoreError} Redis cannot be reached
 */
export async function openNodeLink({ url, keyPrefix, secret, logger }: NodeLinkOptions): Promise<NodeLink> {
  const options = { url, reporter: logger, silenceMs: SILENCE_MS, pingMs: PING_MS };
  const publisher = createRedisClient({ ...options, name: "probematch-publish" });
  // Subscriptions asked for while Redis is away are made when it is back.
  const subscriber = createRedisClient({ ...options, name: "probematch-subscribe", queueOffline: true });
  try {
    await connectClient(publisher, url);
    await connectClient(subscriber, url);
  } catch (error) {
    if (publisher.isOpen) publisher.destroy();
    throw error;
  }
  let closed = false;
  const dropped = (error: unknown) => {
    if (!closed) logger.debug({ err: error }, "a message to other nodes could not be sent");
  };
  // The adapter waits for none of its subscriptions, so that one which fails would end the process.
  const patient = {
    sSubscribe: (channel: string, listener: (message: Buffer, channel: Buffer) => void) =>
      void subscriber.sSubscribe(channel, listener, true).catch(dropped),
    sUnsubscribe: (channel: string) => void subscriber.sUnsubscribe(channel).catch(dropped),
  };
  return {
    adapter: createShardedAdapter(publisher, patient, {
      channelPrefix: `${keyPrefix}:signals`,
      subscriptionMode: "dynamic",
    }),
    counts: {
      limiter: (name, points): RateLimiterAbstract =>
        new RateLimiterRedis({
          storeClient: publisher,
          useRedisPackage: true,
          keyPrefix: `${keyPrefix}:joins:${name}`,
          points,
          duration: 60,
          // While Redis is away each node counts for itself.
          rejectIfRedisNotReady: true,
          insuranceLimiter: new RateLimiterMemory({ points, duration: 60 }),
        }),
      disguise: hmacSha256(secret),
    },
    close() {
      if (closed) return;
      closed = true;
      publisher.destroy();
      subscriber.destroy();
    },
  };
}
