import type { ServerMessages } from "@probematch/shared";
import { NODE_SCENE, type NodeProcess } from "./nodeProcess.js";
import { TestPage } from "./testPage.js";

type Name = keyof ServerMessages;

const RETRY_MS = 100;
const RTT_MS = 20;

/** A participant whose page goes to another node when its own is gone, as behind a load balancer. */
export class Wanderer {
  readonly id: string;
  /** Every outcome this participant was told, however often: a match's id, or how the participation ended. */
  readonly told = new Set<string>();
  /** Codes of what the server refused or could not do. */
  readonly refusals: string[] = [];
  /** Connections made so far. */
  visits = 0;
  /** The page that is open now was told the outcome. */
  toldHere = false;
  readonly #nodes: () => readonly NodeProcess[];
  #page: TestPage | null = null;
  #at: number;
  #stopAt: Name | null = null;
  #onStop: () => void = () => {};
  #over = false;

  constructor(id: string, nodes: () => readonly NodeProcess[], firstNode: number) {
    this.id = id;
    this.#nodes = nodes;
    this.#at = firstNode;
  }

  /** Connects, and from then on plays its part. */
  open(): void {
    this.#connect(true);
  }

  /**
   * Resolves when this message comes; the page then falls silent: what would follow has to happen without it, or after it
   * has come back.
   */
  silentAt(name: Name): Promise<void> {
    this.#stopAt = name;
    return new Promise((resolve) => {
      this.#onStop = resolve;
    });
  }

  /** Takes part again with the page that fell silent. */
  speak(): void {
    if (this.#page !== null) this.#page.rttMs = RTT_MS;
  }

  /** Loads the page anew, at the next node. */
  moveOn(): void {
    this.#page?.close();
  }

  close(): void {
    this.#over = true;
    this.#page?.close();
  }

  #connect(fresh: boolean): void {
    if (this.#over) return;
    const nodes = this.#nodes();
    const node = nodes[this.#at % nodes.length];
    if (node === undefined || !node.lives) {
      this.#next();
      return;
    }
    this.visits += 1;
    this.toldHere = false;
    const page = new TestPage(node.url, {
      scene: NODE_SCENE,
      participantId: this.id,
      fresh,
      rttMs: RTT_MS,
      socket: { timeout: 2000 },
    });
    this.#page = page;
    if (this.#stopAt === "probePrepare") page.rttMs = undefined;
    page.socket.onAny((name: Name, message: unknown) => this.#heard(page, name, message));
    let left = false;
    const leave = () => {
      if (left) return;
      left = true;
      page.close();
      this.#next();
    };
    page.socket.once("disconnect", leave);
    page.socket.once("connect_error", leave);
  }

  #next(): void {
    this.#at += 1;
    setTimeout(() => this.#connect(false), RETRY_MS);
  }

  #heard(page: TestPage, name: Name, message: unknown): void {
    if (name === "matched" || name === "ended") this.toldHere = this.#page === page;
    if (name === "refused") this.refusals.push((message as ServerMessages["refused"]).code);
    if (name === "matched") this.told.add((message as ServerMessages["matched"]).matchId);
    if (name === "ended") this.told.add((message as ServerMessages["ended"]).outcome);
    if (name === "probeStart" && this.#stopAt === "confirm") page.rttMs = undefined;
    if (name !== this.#stopAt) return;
    this.#stopAt = null;
    page.rttMs = undefined;
    this.#onStop();
  }
}
