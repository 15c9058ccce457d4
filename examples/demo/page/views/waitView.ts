import type { Participant, ProbeReport, ReleaseReason, Waiting } from "@probematch/client";
import { rules } from "../../server/rules.mjs";
import { announce, button, h, heading, setText } from "../dom.js";
import { formatDuration, formatMs } from "../format.js";
import { Ruler } from "../ruler.js";
import { slowPanel } from "../slowPanel.js";
import { leaveDialog } from "./leaveDialog.js";
import { pathFigure } from "./pathFigure.js";
import type { View, Ways } from "./view.js";
import { describePhase, noteRelease, type Phase } from "./waitTexts.js";

const HISTORY_LENGTH = 6;

/** The waiting room: shows what the server says and nothing that is not known. */
export function waitView(ways: Ways, participant: Participant): View {
  const title = heading("");
  const text = h("p", { class: "intro" });
  const path = pathFigure();
  const ruler = new Ruler();
  const history = h("ol", { class: "history" });
  const historyBox = h(
    "section",
    { class: "history-box", hidden: true },
    h("h2", {}, "What happened so far"),
    history,
  );
  const facts = new Facts();
  const dialog = leaveDialog(() => participant.leave());
  const startedAt = performance.now();
  let phase: Phase = { name: "connecting" };
  let measuredMs: number | null = null;
  let probes = 0;

  const show = (next: Phase) => {
    const isNew = next.name !== phase.name || next.name === "waiting";
    phase = next;
    const words = describePhase(phase);
    setText(title, words.title);
    setText(text, words.text);
    path.show(phase);
    document.title = phase.name === "measuring" ? "Measuring … · Rally" : "Waiting · Rally";
    if (isNew) announce(`${words.title}. ${words.text}`);
  };
  const note = (line: string) => {
    historyBox.hidden = false;
    const time = formatDuration(performance.now() - startedAt);
    history.prepend(h("li", {}, h("span", { class: "when" }, time), h("span", {}, line)));
    while (history.children.length > HISTORY_LENGTH) history.lastElementChild?.remove();
  };

  const onWaiting = (waiting: Waiting) => {
    facts.standing(waiting);
    if (phase.name === "connecting" || phase.name === "lost")
      show({ name: "waiting", after: null, measuredMs: null });
  };
  const onMeasured = (report: ProbeReport) => {
    measuredMs = report.status === "measured" ? report.rtt.medianMs : null;
    show({ name: "confirming", measuredMs });
    if (measuredMs === null) return;
    ruler.mark(`probe ${probes}`, measuredMs, measuredMs <= rules.maxP2pRttMs ? "good" : "slow");
  };
  const onReleased = (reason: ReleaseReason) => {
    show({ name: "waiting", after: reason, measuredMs });
    note(noteRelease(reason, measuredMs));
  };

  const offs = [
    participant.on("waiting", onWaiting),
    participant.on("probing", () => {
      probes += 1;
      measuredMs = null;
      show({ name: "measuring" });
    }),
    participant.on("measured", ({ report }) => onMeasured(report)),
    participant.on("released", ({ reason }) => onReleased(reason)),
    participant.on("serverRtt", ({ medianMs }) => facts.server(medianMs)),
    participant.on("connection", ({ status }) => {
      if (status === "lost") show({ name: "lost" });
    }),
  ];
  const ticking = setInterval(() => facts.tick(), 1000);
  show(phase);

  const element = h(
    "div",
    { class: "sheet wait" },
    h("section", { class: "lead" }, title, text, path.element, ruler.element),
    h(
      "section",
      { class: "side" },
      facts.element,
      button("Leave the study", "quiet", () => dialog.showModal()),
    ),
    historyBox,
    slowPanel(ways.tab),
    dialog,
  );
  return {
    element,
    title: "Waiting · Rally",
    close() {
      clearInterval(ticking);
      for (const off of offs) off();
    },
  };
}

/** The figures beside. Between two messages of the server the clocks run on by themselves. */
class Facts {
  readonly element: HTMLElement;
  readonly #place = h("dd");
  readonly #here = h("dd");
  readonly #waited = h("dd");
  readonly #estimate = h("dd");
  readonly #left = h("dd");
  readonly #server = h("dd");
  #standing: { readonly waiting: Waiting; readonly at: number } | null = null;

  constructor() {
    const rows: [string, HTMLElement][] = [
      ["Your place in line", this.#place],
      ["People waiting, with you", this.#here],
      ["You have waited", this.#waited],
      ["Expected wait", this.#estimate],
      ["Longest you may still wait", this.#left],
      ["Round trip to the server", this.#server],
    ];
    this.element = h(
      "dl",
      { class: "facts" },
      ...rows.flatMap(([term, value]) => [h("dt", {}, term), value]),
    );
    for (const [, value] of rows) value.textContent = "–";
  }

  standing(waiting: Waiting): void {
    this.#standing = { waiting, at: performance.now() };
    setText(this.#place, waiting.position === null ? "not shown" : String(waiting.position));
    setText(this.#here, waiting.lobbyCount === null ? "not shown" : String(waiting.lobbyCount));
    const estimate = waiting.estimatedWaitMs;
    setText(this.#estimate, estimate === null ? "not known yet" : `about ${formatDuration(estimate)}`);
    this.tick();
  }

  server(rttMs: number): void {
    setText(this.#server, formatMs(rttMs));
  }

  tick(): void {
    if (this.#standing === null) return;
    const { waiting, at } = this.#standing;
    const sinceMs = performance.now() - at;
    setText(this.#waited, formatDuration(waiting.waitedMs + sinceMs));
    const { remainingMs } = waiting;
    setText(this.#left, remainingMs === null ? "no limit" : formatDuration(remainingMs - sinceMs));
  }
}
