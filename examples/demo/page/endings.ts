import type { Outcome, RefusalCode } from "@probematch/client";
import { rules } from "../server/rules.mjs";
import { inWords } from "./format.js";

/** How it ended, for this page: the server's outcome, or what became of the match. */
export type EndingKind =
  | Exclude<Outcome, "matched">
  | "finished"
  | "partner_finished"
  | "partner_gone"
  | "link_closed"
  | "replaced"
  | "refused";

export interface Ending {
  readonly kind: EndingKind;
  readonly refusal?: RefusalCode;
  readonly played?: Played;
}

/** What a rally came to. */
export interface Played {
  readonly best: number;
  readonly total: number;
  readonly decidedRttMs: number | null;
  readonly medianRttMs: number | null;
}

interface EndingText {
  readonly title: string;
  readonly text: string;
  /** What a study hands to the recruiter; `null` where this page has none to give. */
  readonly code: string | null;
}

const texts: Readonly<Record<EndingKind, EndingText>> = {
  finished: {
    title: "Thank you for playing",
    text: "You ended the rally, and your part is complete.",
    code: "RALLY-COMPLETE",
  },
  partner_finished: {
    title: "Your partner has finished",
    text: "Your partner ended the rally. Your part counts as complete.",
    code: "RALLY-COMPLETE",
  },
  partner_gone: {
    title: "Your partner is gone",
    text: "Your partner’s page closed and did not come back. You did nothing wrong: your part counts as complete.",
    code: "RALLY-PARTNER-GONE",
  },
  link_closed: {
    title: "The connection ended",
    text: "The direct connection to your partner was cut, and a rally needs it. Your part counts as complete.",
    code: "RALLY-CONNECTION-ENDED",
  },
  timed_out: {
    title: "Nobody suitable came in time",
    text: `You waited ${inWords(rules.waitLimitMs)}, the longest we keep anybody, and we found no partner with a good enough connection. In a study you would be paid for the wait.`,
    code: "RALLY-TIMED-OUT",
  },
  left: {
    title: "You have left the waiting room",
    text: "Your place is free again and nothing more is measured. If your page was away for longer than half a minute, we took that as leaving too.",
    code: "RALLY-LEFT",
  },
  excluded_rtt: {
    title: "Too far from our server",
    text: "The round trip between your browser and our server takes longer than this study allows.",
    code: "RALLY-EXCLUDED-RTT",
  },
  excluded_no_webrtc: {
    title: "This browser cannot connect directly",
    text: "The rally needs WebRTC, the part of a browser that connects two people directly. Yours has none, or it is switched off. Another browser would do.",
    code: "RALLY-NO-WEBRTC",
  },
  partner_lost: {
    title: "Your partner did not come",
    text: "The people you were to meet again did not arrive in time.",
    code: "RALLY-PARTNER-LOST",
  },
  removed: {
    title: "You were taken out of the study",
    text: "The researchers ended your participation.",
    code: "RALLY-REMOVED",
  },
  study_full: {
    title: "The study is full",
    text: "There are no places left in this study.",
    code: "RALLY-FULL",
  },
  server_error: {
    title: "Something went wrong on our side",
    text: "The server could not go on with your participation. This is not your fault.",
    code: "RALLY-SERVER-ERROR",
  },
  replaced: {
    title: "You are taking part in another tab",
    text: "This tab was copied, and the newest copy has taken your place. Go on there and close this one, or take the place back.",
    code: null,
  },
  refused: {
    title: "The server did not let this page in",
    text: "This page and the server do not go together. Reload the page; if that does not help, tell the researchers the code below.",
    code: null,
  },
};

const refusals: Partial<Record<RefusalCode, string>> = {
  protocol_version: "This page is older or newer than the server. Reload it.",
  study_full: "There are no places left in the waiting room. Try again in a few minutes.",
  unknown_scene: "This study is not open at the moment.",
  token_expired: "Your link to the study is no longer valid.",
};

export function describeEnding({ kind, refusal }: Ending): EndingText {
  const text = texts[kind];
  if (kind !== "refused" || refusal === undefined) return text;
  return { ...text, text: refusals[refusal] ?? text.text, code: refusal.toUpperCase().replaceAll("_", "-") };
}
