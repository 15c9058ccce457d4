import { h } from "../dom.js";
import type { Phase } from "./waitTexts.js";

/** You at one end, a partner or an empty chair at the other. A picture only: the text beside it says the same. */
export function pathFigure(): { readonly element: HTMLElement; show(phase: Phase): void } {
  const element = h(
    "div",
    { class: "path", "aria-hidden": "true" },
    h("span", { class: "path-end me" }, "you"),
    h("span", { class: "path-way" }, h("i", { class: "path-ball" })),
    h("span", { class: "path-end partner" }, "?"),
  );
  const partner = element.lastElementChild;
  return {
    element,
    show(phase) {
      const isRejected = phase.name === "waiting" && phase.after === "too_slow";
      element.dataset["phase"] = isRejected ? "too-slow" : phase.name;
      if (partner !== null) {
        partner.textContent = phase.name === "measuring" || phase.name === "confirming" ? "partner" : "?";
      }
    },
  };
}
