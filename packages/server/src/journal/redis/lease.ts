import { performance } from "node:perf_hooks";
import type { RedisConnection } from "./connection.js";
import type { SceneKeys } from "./keys.js";
import type { RedisClock } from "./redisClock.js";
import { beatScript, byeScript } from "./script.js";

export interface LeaseOptions {
  readonly connection: RedisConnection;
  readonly keys: SceneKeys;
  readonly nodeId: string;
  readonly clock: RedisClock;
  /** Life of the lease, ms; it is renewed at a third of it. */
  readonly leaseMs: number;
  /** A node that gave no sign of life for this long counts as gone, ms. */
  readonly nodeMs: number;
  /** `leads` may have changed. */
  readonly onChange: () => void;
  /** After each sign of life that Redis took: who lives, this one included, and which of them holds the lease. */
  readonly onBeat: (live: ReadonlySet<string>, holder: string) => void;
  /** A sign of life did not get through. */
  readonly onFailure: (error: unknown) => void;
}

/** This side stops leading so much before Redis says so: clocks may run at slightly different speeds. */
const MARGIN = 0.1;

/**
 * A node's signs of life for one scene, and the scene's lease: who holds it decides. Whoever holds it for the first
 * time gets a number above all earlier ones, which every decision's script compares; so a holder that was paused
 * and does not know that its time is over can do no harm.
 */
export class Lease {
  readonly #options: LeaseOptions;
  #held = "";
  #heldUntil = 0;
  #timer: NodeJS.Timeout | null = null;
  #expiry: NodeJS.Timeout | null = null;
  #beating: Promise<void> | null = null;
  #closed = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  get leads(): boolean {
    return !this.#closed && this.#held !== "" && performance.now() < this.#heldUntil;
  }

  /** For the scripts: what Redis has to have as the lease. */
  get held(): string {
    return this.leads ? this.#held : "";
  }

  /** Gives a sign of life now, and from then on by itself. Never rejects. */
  beat(): Promise<void> {
    this.#beating ??= this.#beat().finally(() => {
      this.#beating = null;
    });
    return this.#beating;
  }

  /** Somebody else decides, says Redis. */
  lost(): void {
    this.#held = "";
    this.#options.onChange();
  }

  /** Lets go of the lease, so that another node takes it soon. Idempotent, never rejects. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    await this.#beating;
    const { connection, keys, nodeId } = this.#options;
    try {
      await byeScript.run(connection, [keys.lease, keys.nodes, keys.groups], [nodeId, this.#held], 1000);
    } catch {
      // Redis is not there: both expire by themselves.
    }
  }

  async #beat(): Promise<void> {
    if (this.#closed) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const { connection, keys, nodeId, clock, leaseMs, nodeMs, onChange, onBeat, onFailure } = this.#options;
    let nextMs = leaseMs / 3;
    const askedAt = performance.now();
    try {
      const reply = await beatScript.run(
        connection,
        [keys.lease, keys.tokens, keys.nodes, keys.groups],
        [nodeId, this.#held, leaseMs, nodeMs],
        leaseMs / 2,
      );
      const [lease, leftMs, redisMs, ...live] = reply as [string, number, string, ...string[]];
      if (this.#closed) return;
      clock.observe(Number(redisMs), askedAt);
      const holder = lease.slice(lease.indexOf(" ") + 1);
      const mine = holder === nodeId;
      this.#held = mine ? lease : "";
      if (mine) this.#heldUntil = askedAt + leaseMs * (1 - MARGIN);
      else nextMs = Math.min(nextMs, leftMs + 20);
      this.#watchExpiry();
      onChange();
      onBeat(new Set(live), holder);
    } catch (error) {
      if (this.#closed) return;
      nextMs = Math.min(nextMs, 200);
      onFailure(error);
    } finally {
      if (!this.#closed) {
        this.#timer = setTimeout(() => void this.beat(), Math.max(5, nextMs));
      }
    }
  }

  #watchExpiry(): void {
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    if (this.#held === "") return;
    const leftMs = this.#heldUntil - performance.now();
    this.#expiry = setTimeout(() => this.#options.onChange(), Math.max(0, leftMs) + 1);
  }
}
