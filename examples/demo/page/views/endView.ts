import { button, h, heading } from "../dom.js";
import { describeEnding, type Ending } from "../endings.js";
import { formatMs } from "../format.js";
import type { View, Ways } from "./view.js";

/** Every way out has a page of its own, and says what it means for the participant. */
export function endView(ways: Ways, ending: Ending): View {
  const { title, text, code } = describeEnding(ending);
  const { played } = ending;
  const element = h(
    "div",
    { class: "sheet end" },
    h(
      "section",
      { class: "lead" },
      heading(title),
      h("p", { class: "intro" }, text),
      played === undefined
        ? null
        : h(
            "dl",
            { class: "facts" },
            ...figure("Longest rally", played.best === 1 ? "1 stroke" : `${played.best} strokes`),
            ...figure("Strokes of yours", String(played.total)),
            ...figure("Round trip that decided", showMs(played.decidedRttMs)),
            ...figure("Round trip while playing", showMs(played.medianRttMs)),
          ),
      code === null
        ? null
        : h(
            "div",
            { class: "code" },
            h("h2", {}, ending.kind === "refused" ? "Code for the researchers" : "Your completion code"),
            h("p", { class: "code-text" }, code),
            h(
              "p",
              { class: "hint" },
              "In a study you would hand this to the recruiter. Each way out has a code of its own, so that nobody goes unpaid for a wait or for a partner who left.",
            ),
          ),
      ending.kind === "replaced"
        ? button("Go on in this tab instead", "primary", ways.join)
        : button("Take part again", "primary", ways.again),
    ),
  );
  return { element, title: `${title} · Rally` };
}

const showMs = (ms: number | null): string => (ms === null ? "unknown" : formatMs(ms));

const figure = (term: string, value: string): HTMLElement[] => [h("dt", {}, term), h("dd", {}, value)];
