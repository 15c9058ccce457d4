import { rules } from "../../server/rules.mjs";
import { button, h, heading } from "../dom.js";
import { inWords } from "../format.js";
import { Ruler } from "../ruler.js";
import { slowPanel } from "../slowPanel.js";
import type { View, Ways } from "./view.js";

/** What will happen, what is measured, what is kept; nothing is sent before the button. */
export function startView(ways: Ways): View {
  const element = h(
    "div",
    { class: "sheet start" },
    h(
      "section",
      { class: "lead" },
      heading("Two people, one ball, and the time between you"),
      h(
        "p",
        { class: "intro" },
        `You wait for a partner. Your two browsers then measure how fast they reach each other. If a message there and back takes at most ${rules.maxP2pRttMs} milliseconds, you play a short rally together, on the very connection that was measured. If not, you keep your place and wait for the next person.`,
      ),
      new Ruler().element,
      button("I agree, let me in", "primary", ways.join),
      h(
        "p",
        { class: "hint" },
        "No partner at hand? ",
        secondWindow(),
        " and put the two side by side. Every tab is a person of its own.",
      ),
    ),
    h(
      "section",
      { class: "terms" },
      fact(
        "What is measured",
        "How long a message takes from your browser to your partner’s and back, over a direct connection. To be reached directly, your browser tells your partner’s its network address.",
      ),
      fact(
        "What is kept",
        "A random number for this tab, when you came and left, the measured times, and whom you were matched with. No name, no network address, nothing you do elsewhere. It stays in a folder of whoever runs this demo.",
      ),
      fact(
        "How long it takes",
        `You wait ${inWords(rules.waitLimitMs)} at the most and play for as long as you both like. You can leave at any time. A reload keeps your place.`,
      ),
    ),
    slowPanel(ways.tab),
  );
  return { element, title: "Rally" };
}

function fact(term: string, text: string): HTMLElement {
  return h("div", { class: "term" }, h("h2", {}, term), h("p", {}, text));
}

/** Without an opener, so that the new tab does not begin with a copy of this one's memory. */
function secondWindow(): HTMLElement {
  return h("a", { href: "/", target: "_blank", rel: "noopener" }, "Open a second window");
}
