import type { Match, Peer } from "@probematch/client";
import { announce, button, h, heading, setText } from "../dom.js";
import type { EndingKind } from "../endings.js";
import { formatMs } from "../format.js";
import { Controls } from "../rally/controls.js";
import { Court } from "../rally/court.js";
import { decode, encode, type RallyMessage } from "../rally/message.js";
import { readPalette } from "../rally/palette.js";
import { Rally } from "../rally/rally.js";
import { Ruler } from "../ruler.js";
import { Partner, type PartnerState } from "./partner.js";
import type { View, Ways } from "./view.js";

/** The paddle is told this often while it moves, and this often while it does not. */
const PADDLE_MS = 33;
const PADDLE_STILL_MS = 400;
/** A page in trouble draws late: no more time than this passes in one frame. */
const LONGEST_FRAME_MS = 100;
/** How many of the latest round trips tell how long a ball flies: one of them alone is too restless. */
const RECENT = 5;
/** Time for the farewell to leave before the connection is closed. */
const FAREWELL_MS = 150;

const notices: Readonly<Record<Exclude<PartnerState, "here">, string>> = {
  mending: "The connection to your partner is being made anew …",
  joining: "Connected. Waiting for your partner’s page …",
  hidden: "Your partner’s page is in the background. The ball waits.",
  silent: "Nothing heard from your partner for a moment. The ball waits.",
  offline: "Your partner has lost the server, but not you: the direct connection still stands. Play on.",
  unreachable: "Your partner cannot be reached. Perhaps their page was closed, perhaps it comes back.",
  closed: "The direct connection to your partner has ended.",
  gone: "Your partner’s page is gone.",
};

/** A rally over the matched connection. */
export function playView(ways: Ways, match: Match): View {
  const peer = match.peers[0];
  if (peer === undefined) throw new Error("a match without a partner");
  const canvas = h("canvas", {
    class: "court",
    tabindex: 0,
    role: "application",
    "aria-label": "The court. Move your paddle with the arrow keys, the mouse or a finger.",
  });
  const notice = h("p", { class: "notice", role: "status" });
  const score = new Score(peer);
  const auto = button("Play for me", "quiet", () => toggleAuto());
  auto.setAttribute("aria-pressed", "false");
  const finish = button("Finish", "primary", () => finished());
  const element = h(
    "div",
    { class: "sheet play" },
    h(
      "section",
      { class: "lead" },
      heading("Keep the ball in play, together"),
      h("div", { class: "court-frame" }, canvas, notice),
      h(
        "p",
        { class: "hint" },
        "Your paddle is the bright one. Arrow keys, mouse or finger. You score together: count the strokes before the ball is lost.",
      ),
    ),
    h("section", { class: "side" }, h("div", { class: "buttons" }, finish, auto), score.element),
  );

  const send = (message: RallyMessage, reliable = true) => peer.send(encode(message), { reliable });
  const rally = new Rally(match.seat < peer.seat, (message) => send(message), Math.random);
  const court = new Court(canvas, readPalette());
  const controls = new Controls(canvas, court, rally);
  const partner = new Partner(peer);
  const rtts: number[] = [];
  let saidPaddle = { y: -1, at: 0 };
  let lastFrameAt = performance.now();
  let isOver = false;
  let shownState: PartnerState | null = null;

  function end(kind: EndingKind): void {
    if (isOver) return;
    isOver = true;
    const decidedRttMs = peer?.rttMs ?? null;
    const played = { best: rally.best, total: rally.total, decidedRttMs, medianRttMs: median(rtts) };
    match.done();
    ways.end({ kind, played });
  }

  function finished(): void {
    const { state } = partner;
    finish.disabled = true;
    if (state === "gone" || state === "unreachable") end("partner_gone");
    else if (state === "closed") end("link_closed");
    else {
      send({ t: "bye" });
      setTimeout(() => end("finished"), FAREWELL_MS);
    }
  }

  function toggleAuto(): void {
    controls.auto = !controls.auto;
    auto.setAttribute("aria-pressed", String(controls.auto));
  }

  function receive(data: unknown): void {
    const message = decode(data);
    if (message === null) return;
    partner.heard(message);
    if (message.t === "bye") {
      end("partner_finished");
      return;
    }
    const before = rally.strokes;
    rally.receive(message);
    if (message.t === "miss") announce(`The ball is lost after ${before} strokes.`);
  }

  function showPartner(): void {
    const { state } = partner;
    rally.running = (state === "here" || state === "offline") && !document.hidden;
    if (state === shownState) return;
    if (shownState !== null && shownState !== "joining" && state === "here")
      announce("Your partner is back.");
    shownState = state;
    notice.hidden = state === "here";
    notice.dataset["state"] = state;
    setText(notice, state === "here" ? "" : notices[state]);
    // Nothing more will come of it: the way out is all there is to do.
    if (state === "gone" || state === "closed") finish.focus();
  }

  function sayPaddle(now: number): void {
    const moved = Math.abs(rally.paddle - saidPaddle.y) > 0.002;
    if (now - saidPaddle.at < (moved ? PADDLE_MS : PADDLE_STILL_MS)) return;
    saidPaddle = { y: rally.paddle, at: now };
    send({ t: "paddle", y: rally.paddle }, false);
  }

  function frame(): void {
    if (isOver) return;
    const now = performance.now();
    const dtMs = Math.min(LONGEST_FRAME_MS, now - lastFrameAt);
    lastFrameAt = now;
    showPartner();
    controls.step(dtMs);
    rally.step(dtMs, median(rtts.slice(-RECENT)) ?? peer?.rttMs ?? 0);
    court.draw(rally, dtMs, !rally.running);
    score.show(rally);
    sayPaddle(now);
    framing = requestAnimationFrame(frame);
  }

  const page = new AbortController();
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener(
    "change",
    () => {
      court.palette = readPalette();
    },
    { signal: page.signal },
  );
  document.addEventListener(
    "visibilitychange",
    () => {
      lastFrameAt = performance.now();
      send({ t: "visible", visible: !document.hidden });
    },
    { signal: page.signal },
  );
  const hello = () => send({ t: "hello", visible: !document.hidden });
  const offs = [
    // After a reload, of this page or the partner's, nothing is left of what was under way: the rally begins anew.
    match.on("peer-back", ({ fresh }) => {
      if (fresh) hello();
    }),
    peer.on("message", receive),
    peer.on("latency", () => {
      if (peer.latencyMs === null) return;
      rtts.push(peer.latencyMs);
      score.live(peer.latencyMs);
    }),
  ];
  // Frames stop in a background page; what the partner does there must still be seen.
  const watching = setInterval(showPartner, 500);
  hello();
  let framing = requestAnimationFrame(frame);
  announce(match.resumed ? "Back in your match." : "Matched. Keep the ball in play together.");

  return {
    element,
    title: "Matched! · Rally",
    close() {
      isOver = true;
      page.abort();
      controls.close();
      clearInterval(watching);
      cancelAnimationFrame(framing);
      for (const off of offs) off();
    },
  };
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

/** The figures beside the court. */
class Score {
  readonly element: HTMLElement;
  readonly #strokes = h("dd", {}, "0");
  readonly #best = h("dd", {}, "0");
  readonly #live = h("dd", {}, "–");
  readonly #ruler = new Ruler();

  constructor(peer: Peer) {
    const decided = peer.rttMs;
    if (decided !== null) this.#ruler.mark("decided", decided, "good");
    this.element = h(
      "div",
      { class: "score" },
      h(
        "dl",
        { class: "facts" },
        h("dt", {}, "This rally"),
        this.#strokes,
        h("dt", {}, "Longest rally"),
        this.#best,
        h("dt", {}, "Round trip that decided"),
        h("dd", {}, decided === null ? "not measured" : formatMs(decided)),
        h("dt", {}, "Round trip now"),
        this.#live,
      ),
      this.#ruler.element,
    );
  }

  show({ strokes, best }: Rally): void {
    setText(this.#strokes, String(strokes));
    setText(this.#best, String(best));
  }

  live(rttMs: number): void {
    setText(this.#live, formatMs(rttMs));
    this.#ruler.mark("live", rttMs, "live", "now");
  }
}
