import type { ReleaseReason } from "@probematch/client";
import { rules } from "../../server/rules.mjs";
import { formatMs, inWords } from "../format.js";

/** Where a waiting participant is, as this page tells it. */
export type Phase =
  | { readonly name: "connecting" | "lost" }
  | { readonly name: "waiting"; readonly after: ReleaseReason | null; readonly measuredMs: number | null }
  | { readonly name: "measuring" }
  | { readonly name: "confirming"; readonly measuredMs: number | null };

interface PhaseText {
  readonly title: string;
  readonly text: string;
}

const limit = formatMs(rules.maxP2pRttMs);

export function describePhase(phase: Phase): PhaseText {
  switch (phase.name) {
    case "connecting":
      return { title: "Connecting to the server", text: "One moment." };
    case "lost":
      return {
        title: "The connection to the server is lost",
        text: `This page keeps trying. Your place is kept for ${inWords(rules.graceMs)}.`,
      };
    case "measuring":
      return {
        title: "Measuring your connection",
        text: "Somebody is here. Your two browsers connect and send messages back and forth; this takes a few seconds.",
      };
    case "confirming":
      return {
        title:
          phase.measuredMs === null
            ? "Your side has no figure"
            : `You measured ${formatMs(phase.measuredMs)}`,
        text: "Your partner measures as well. When both figures are in, the server decides.",
      };
    case "waiting":
      return phase.after === null
        ? {
            title: "Waiting for a partner",
            text: "The first person with a short enough way to you becomes your partner.",
          }
        : { title: "Back in your place", text: describeRelease(phase.after, phase.measuredMs) };
  }
}

/** Why a proposed pair came to nothing, and what that means for the one who reads it. */
function describeRelease(reason: ReleaseReason, measuredMs: number | null): string {
  const kept = "You keep your place in line.";
  switch (reason) {
    case "too_slow":
      return `The way to this partner is too long for a rally${measuredHere(measuredMs)}. ${kept} The two of you are measured again in ${inWords(rules.edgeLifeMs)} at the earliest.`;
    case "probe_failed":
      return `The connection could not be measured. This happens, and says nothing about you. ${kept} You two will be tried again in a moment.`;
    case "member_gone":
      return `The other person left in the middle of it. ${kept}`;
    case "not_confirmed":
      return `The other person did not answer in time. ${kept}`;
    case "room_failed":
    case "server":
      return `The server could not set up the match. ${kept}`;
  }
}

/** What this side measured; the server has the partner's figure too, and decides on both. */
function measuredHere(measuredMs: number | null): string {
  if (measuredMs === null) return "";
  const own = `you measured ${formatMs(measuredMs)}`;
  return measuredMs > rules.maxP2pRttMs
    ? `: ${own}, the limit is ${limit}`
    : `: ${own}, but your partner’s side was above the limit of ${limit}`;
}

/** A line for the list of what happened. */
export function noteRelease(reason: ReleaseReason, measuredMs: number | null): string {
  if (reason !== "too_slow") return describeRelease(reason, null);
  return measuredMs === null
    ? "A partner’s side measured a time above the limit. Back in line, in the same place."
    : `Measured ${formatMs(measuredMs)} to a partner. Too slow: back in line, in the same place.`;
}
