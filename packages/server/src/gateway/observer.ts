import type { ClientMessages, RefusalCode, RttStats } from "@probematch/shared";

/**
 * What happens at the connections, for metrics and telemetry.
 * Nothing here is ever read by a decision, and none of it holds an address or a session description.
 */
export interface GatewayObserver {
  /** A page was let in. */
  joined(event: {
    readonly sceneId: string;
    readonly participantId: string;
    readonly resumed: boolean;
  }): void;
  /** A page that had been let in is gone; `replaced`: because a newer one of the same participant came. */
  gone(event: { readonly sceneId: string; readonly participantId: string; readonly replaced: boolean }): void;
  /** A connection was refused; `sceneId` is `null` where the page named no scene of this server. */
  connectionRefused(event: { readonly sceneId: string | null; readonly code: RefusalCode }): void;
  /** A message was refused; `event` is `null` where the protocol has none of this name. */
  messageRefused(event: {
    readonly sceneId: string;
    readonly code: RefusalCode;
    readonly event: keyof ClientMessages | null;
  }): void;
  signalRelayed(event: { readonly sceneId: string }): void;
  /** A page reported its server RTT; `own` is the server's figure beside it, `corrected` says that `own` counts. */
  rttReported(event: {
    readonly sceneId: string;
    readonly participantId: string;
    readonly at: number;
    readonly reported: RttStats;
    readonly own: RttStats | null;
    readonly corrected: boolean;
  }): void;
}
