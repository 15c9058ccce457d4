import type { Ending } from "./endings.js";

/** What this tab remembers over a reload. Two tabs are two participants; a reload is the same one. */
export interface TabMemory {
  participantId: string;
  /** Has agreed to take part, and is in the scene. */
  joined: boolean;
  /** What the delay relay adds to this tab's round trips, ms. */
  slowRttMs: number;
  ending: Ending | null;
}

const KEY = "rally";

export function loadTab(): TabMemory {
  const fresh: TabMemory = { participantId: newId(), joined: false, slowRttMs: 0, ending: null };
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
    return { ...fresh, ...(stored as Partial<TabMemory>) };
  } catch {
    return fresh;
  }
}

export function saveTab(tab: TabMemory): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(tab));
  } catch {
    // Without storage everything works but the reload.
  }
}

/** Begins anew as somebody else. */
export function renewTab(tab: TabMemory): void {
  tab.participantId = newId();
  tab.joined = false;
  tab.ending = null;
  saveTab(tab);
}

/** `crypto.randomUUID` is there on https and localhost only. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `demo-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
