import { createShardedAdapter } from "@socket.io/redis-adapter";
import type { Logger } from "pino";
import { connectClient, createRedisClient } from "../journal/redis/connection.js";
import type { SocketServerOptions } from "./socketServer.js";

export interface NodeLinkOptions {
  readonly url: string;
  readonly keyPrefix: string;
  readonly logger: Logger;
}

/** What carries signals between the nodes of a study. */
export interface NodeLink {
  readonly adapter: NonNullable<SocketServerOptions["adapter"]>;
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
export async function openNodeLink({ url, keyPrefix, logger }: NodeLinkOptions): Promise<NodeLink> {
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
    close() {
      if (closed) return;
      closed = true;
      publisher.destroy();
      subscriber.destroy();
    },
  };
}
