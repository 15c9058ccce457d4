import { rules } from "../server/rules.mjs";
import { h, setText } from "./dom.js";
import { saveTab, type TabMemory } from "./tab.js";

const STEP_MS = 20;

/** Tells the demo server how much delay its relay shall add for this tab. `false` = the server did not take it. */
export async function requestDelay({ participantId, slowRttMs }: TabMemory): Promise<boolean> {
  try {
    const response = await fetch("/demo/delay", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ participantId, addedRttMs: slowRttMs }),
      signal: AbortSignal.timeout(5000),
    });
    return response.ok;
  } catch {
    return false;
  }
}

/** A control that makes this tab's connections slow, for trying out a rejection. */
export function slowPanel(tab: TabMemory): HTMLElement {
  const output = h("output", { for: "slow", class: "slow-value" });
  const status = h("p", { class: "slow-status", role: "status" });
  const input = h("input", {
    id: "slow",
    type: "range",
    min: 0,
    max: rules.maxSlowRttMs,
    step: STEP_MS,
    value: tab.slowRttMs,
  });
  const show = () => {
    setText(output, tab.slowRttMs === 0 ? "none" : `+${tab.slowRttMs} ms`);
    input.setAttribute("aria-valuetext", tab.slowRttMs === 0 ? "no added delay" : `${tab.slowRttMs} ms`);
  };
  const say = (taken: boolean) => {
    const wanted =
      tab.slowRttMs === 0
        ? "No relay: this tab’s next connection is direct."
        : `Set. From the next connection on, the relay holds what this tab sends for ${tab.slowRttMs / 2} ms, and what it receives as well.`;
    setText(status, taken ? wanted : "The server did not answer, so nothing has changed. Try again.");
  };
  input.addEventListener("input", () => {
    tab.slowRttMs = input.valueAsNumber;
    show();
  });
  input.addEventListener("change", () => {
    saveTab(tab);
    void requestDelay(tab).then(say);
  });
  show();
  return h(
    "details",
    { class: "slow", ...(tab.slowRttMs > 0 ? { open: true } : {}) },
    h("summary", {}, "Try a slow connection"),
    h(
      "div",
      { class: "slow-body" },
      h(
        "p",
        {},
        "Make this tab slow and see it turned down. Nothing is faked: the demo’s server puts a relay into the path between this tab and its partner, which holds every packet for the time you choose. What is measured is that path.",
      ),
      h("label", { for: "slow" }, "Add to this tab’s round trip"),
      h("div", { class: "slow-row" }, input, output),
      status,
    ),
  );
}
