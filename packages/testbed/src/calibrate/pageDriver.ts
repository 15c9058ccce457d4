import type { MeasuringThread, ProbeReport } from "@probematch/shared";
import type { Page } from "playwright-core";

/** What one page saw of one probe. */
export interface PageAccount {
  readonly status: "matched" | "released" | "ended" | "late";
  readonly measured: readonly { readonly probeId: string; readonly report: ProbeReport }[];
}

export interface PageOrder {
  readonly scene: string;
  readonly participantId: string;
  readonly measureWhileHidden: boolean;
  readonly measureIn: MeasuringThread;
  readonly timeoutMs: number;
}

/** The part of the SDK's public interface that a calibration uses; the page has it from the script tag. */
interface Participant {
  on(type: "measured", listener: (event: PageAccount["measured"][number]) => void): unknown;
  on(type: "released" | "matched" | "ended", listener: () => void): unknown;
  leave(): void;
}

interface PageScope {
  Probematch: {
    connect(url: string, options: Omit<PageOrder, "timeoutMs"> & { readonly storage: null }): Participant;
  };
  location: { readonly origin: string };
  participant?: Participant;
  work?: ReturnType<typeof setInterval>;
}

/** Takes part once, as a study's page does, and says how it went; stays connected until {@link leave}. */
export function takePart(page: Page, order: PageOrder): Promise<PageAccount> {
  return page.evaluate(async ({ timeoutMs, ...options }) => {
    const scope = globalThis as unknown as PageScope;
    const measured: PageAccount["measured"][number][] = [];
    const participant = scope.Probematch.connect(scope.location.origin, { ...options, storage: null });
    scope.participant = participant;
    participant.on("measured", (event) => measured.push(event));
    const status = await new Promise<PageAccount["status"]>((resolve) => {
      for (const end of ["matched", "released", "ended"] as const) participant.on(end, () => resolve(end));
      setTimeout(() => resolve("late"), timeoutMs);
    });
    return { status, measured };
  }, order);
}

export function leave(page: Page): Promise<void> {
  return page.evaluate(() => (globalThis as unknown as PageScope).participant?.leave());
}

/** Keeps the page's event loop busy for `workMs` of every `everyMs`, until called with 0. */
export function keepBusy(page: Page, workMs: number, everyMs: number): Promise<void> {
  return page.evaluate(
    ([burst, period]) => {
      const scope = globalThis as unknown as PageScope;
      clearInterval(scope.work);
      if (burst === 0) return;
      scope.work = setInterval(() => {
        const until = performance.now() + burst;
        while (performance.now() < until);
      }, period);
    },
    [workMs, everyMs] as const,
  );
}
