import type { ProbeReport, ServerMessages, Signal } from "@probematch/shared";
import type { Measuring } from "../measuring/measuring.js";
import type { Send } from "../session/wire.js";
import type { PingLink } from "./pingLink.js";
import { Probe } from "./probe.js";

/** Signals can overtake the order they belong to; more than this is not kept. */
const EARLY_PROBES = 8;
const EARLY_SIGNALS = 64;
/** Who arrives last in a group is probed at once: nothing may be in the way of that. */
const QUIET_MS = 250;

export interface ProbesOptions {
  readonly measureWhileHidden: boolean;
  readonly measuring: Measuring;
  readonly send: Send;
  readonly onReport: (probeId: string, report: ProbeReport) => void;
}

/** All probes of this page: up to seven at once, each independent of the others. */
export class Probes {
  readonly #options: ProbesOptions;
  readonly #probes = new Map<string, Probe>();
  readonly #early = new Map<string, Signal[]>();
  #ready: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ProbesOptions) {
    this.#options = options;
  }

  /** There will be probes: makes ready what all of them share, unless the first one comes at once and does it itself. */
  expect(): void {
    clearTimeout(this.#ready);
    this.#ready = setTimeout(() => {
      const { place } = this.#options.measuring;
      place.prepare();
      place.floor.open();
    }, QUIET_MS);
  }

  prepare(order: ServerMessages["probePrepare"]): void {
    const { probeId } = order;
    if (this.#probes.has(probeId)) return;
    clearTimeout(this.#ready);
    if (order.repeats !== undefined) this.#drop(order.repeats);
    const { measureWhileHidden, measuring, send, onReport } = this.#options;
    const probe = new Probe({
      order,
      measureWhileHidden,
      measuring,
      send,
      onReport: (report) => onReport(probeId, report),
    });
    this.#probes.set(probeId, probe);
    probe.prepare();
    for (const signal of this.#early.get(probeId) ?? []) probe.signal(signal);
    this.#early.delete(probeId);
  }

  /** A probe that is done again: its link is no part of the proposal any more. */
  #drop(probeId: string): void {
    this.#probes.get(probeId)?.close();
    this.#probes.delete(probeId);
    this.#early.delete(probeId);
  }

  start(probeId: string): void {
    this.#probes.get(probeId)?.start();
  }

  signal(probeId: string, signal: Signal): void {
    const probe = this.#probes.get(probeId);
    if (probe !== undefined) probe.signal(signal);
    else this.#keep(probeId, signal);
  }

  #keep(probeId: string, signal: Signal): void {
    const early = this.#early.get(probeId) ?? [];
    if (early.length < EARLY_SIGNALS) early.push(signal);
    this.#early.set(probeId, early);
    const [oldest] = this.#early.keys();
    if (this.#early.size > EARLY_PROBES && oldest !== undefined) this.#early.delete(oldest);
  }

  /** True when every link of this proposal is open; also when it measured nothing. */
  areOpen(proposalId: string): boolean {
    return [...this.#probes.values()].every((probe) => probe.proposalId !== proposalId || probe.isOpen);
  }

  /** Gives the links of a match away and closes all others. */
  handOver(probeIds: readonly string[]): Map<string, PingLink> {
    const links = new Map<string, PingLink>();
    for (const probeId of probeIds) {
      const link = this.#probes.get(probeId)?.handOver();
      if (link) links.set(probeId, link);
    }
    this.closeExcept(null);
    return links;
  }

  /** Closes the links of all proposals, or of all but one. */
  closeExcept(proposalId: string | null): void {
    for (const [probeId, probe] of this.#probes) {
      if (probe.proposalId === proposalId) continue;
      probe.close();
      this.#probes.delete(probeId);
    }
    if (proposalId !== null) return;
    this.#early.clear();
    clearTimeout(this.#ready);
    this.#options.measuring.closeFloors();
  }

  close(proposalId: string): void {
    for (const [probeId, probe] of this.#probes) {
      if (probe.proposalId !== proposalId) continue;
      probe.close();
      this.#probes.delete(probeId);
    }
  }
}
