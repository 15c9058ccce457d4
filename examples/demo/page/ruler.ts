import { rules } from "../server/rules.mjs";
import { h } from "./dom.js";
import { formatMs } from "./format.js";

/** The ruler's end. What is slower is shown there, with its number. */
const END_MS = 500;
const LABELS = [0, 100, 200, 300, 400, 500];

export type MarkKind = "good" | "slow" | "live";

/** A scale of round-trip times with the study's limit on it. A picture only: everything on it is said in words beside it. */
export class Ruler {
  readonly element: HTMLElement;
  readonly #marks: HTMLElement;

  constructor() {
    this.#marks = h("div", { class: "ruler-marks" });
    const labels = LABELS.map((ms) => {
      const label = h("span", {}, ms === END_MS ? formatMs(ms) : String(ms));
      place(label, ms);
      return label;
    });
    const limit = h("div", { class: "ruler-limit" }, h("span", {}, `limit ${rules.maxP2pRttMs} ms`));
    place(limit, rules.maxP2pRttMs);
    const reach = h("div", { class: "ruler-reach" });
    place(reach, rules.maxP2pRttMs);
    this.element = h(
      "div",
      { class: "ruler", "aria-hidden": "true" },
      reach,
      h("div", { class: "ruler-scale" }),
      limit,
      this.#marks,
      h("div", { class: "ruler-labels" }, ...labels),
    );
  }

  /** Sets a mark; an earlier one of the same name moves there. */
  mark(name: string, ms: number, kind: MarkKind, label = formatMs(ms)): void {
    const known = [...this.#marks.children].find((mark) => mark.getAttribute("data-name") === name);
    const text = h("span", {}, label);
    const mark = known instanceof HTMLElement ? known : h("div", { "data-name": name });
    mark.className = `ruler-mark ${kind}${ms > END_MS * 0.8 ? " at-end" : ""}${ms < END_MS * 0.2 ? " at-start" : ""}`;
    mark.replaceChildren(text);
    place(mark, ms);
    if (known === undefined) this.#marks.append(mark);
    for (const other of this.#marks.children)
      other.classList.toggle("older", other !== mark && kind !== "live");
    // Only the last few: this is a picture, the list of what happened is beside it.
    while (this.#marks.children.length > 6) this.#marks.firstElementChild?.remove();
  }
}

function place(element: HTMLElement, ms: number): void {
  element.style.setProperty("--at", `${(100 * Math.min(ms, END_MS)) / END_MS}%`);
}
