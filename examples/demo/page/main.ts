import { type ConnectionState, connect, type Match, type Participant } from "@probematch/client";
import { rules } from "../server/rules.mjs";
import { required, setText } from "./dom.js";
import type { Ending } from "./endings.js";
import { formatMs } from "./format.js";
import { requestDelay } from "./slowPanel.js";
import { loadTab, renewTab, saveTab } from "./tab.js";
import { endView } from "./views/endView.js";
import { playView } from "./views/playView.js";
import { startView } from "./views/startView.js";
import type { View, Ways } from "./views/view.js";
import { waitView } from "./views/waitView.js";

const tab = loadTab();
saveTab(tab);
let shown: View | null = null;
let participant: Participant | null = null;

const ways: Ways = {
  tab,
  join() {
    tab.joined = true;
    saveTab(tab);
    void join();
  },
  end(ending) {
    // Kept, so that a reload of the last page is the last page. Whose place another tab has may still take it back.
    tab.ending = ending.kind === "replaced" ? null : ending;
    tab.joined = false;
    saveTab(tab);
    const me = participant;
    participant = null;
    me?.leave();
    showServer(null);
    show(endView(ways, ending));
  },
  again() {
    renewTab(tab);
    show(startView(ways));
  },
};

async function join(): Promise<void> {
  // Before the first measurement. It answers in a moment or not at all; a demo without its delay is still a demo.
  if (tab.slowRttMs > 0) await requestDelay(tab);
  const me = connect(location.origin, {
    scene: rules.scene,
    participantId: tab.participantId,
    // Two tabs of one window are enough to try this out, and one of them is then in the background.
    measureWhileHidden: true,
  });
  participant = me;
  me.on("connection", ({ status }) => {
    showServer(me);
    // The server may be another one by now, and know nothing of this tab's delay.
    if (status === "connected" && tab.slowRttMs > 0) void requestDelay(tab);
  });
  me.on("serverRtt", () => showServer(me));
  me.on("ended", ({ outcome }) => {
    if (participant === me && outcome !== "matched") ways.end({ kind: outcome });
  });
  me.on("connection", (connection) => ended(me, connection));
  me.on("matched", (match) => matched(me, match));
  show(waitView(ways, me));
}

function matched(me: Participant, match: Match): void {
  if (participant === me) show(playView(ways, match));
}

function ended(me: Participant, connection: ConnectionState): void {
  if (participant !== me) return;
  const ending: Ending | null =
    connection.status === "replaced"
      ? { kind: "replaced" }
      : connection.status === "refused"
        ? { kind: "refused", refusal: connection.code }
        : null;
  if (ending !== null) ways.end(ending);
}

/** The line at the top right: how the page stands with the server. */
function showServer(me: Participant | null): void {
  const element = required("server");
  element.hidden = me === null;
  if (me === null) return;
  const { status } = me.connection;
  element.dataset["status"] = status;
  const rtt = me.serverRtt === null ? "" : ` · ${formatMs(me.serverRtt.medianMs)}`;
  const words = { connecting: "Connecting", connected: `Server${rtt}`, lost: "Server lost, trying again" };
  setText(element, status in words ? words[status as keyof typeof words] : "");
}

function show(view: View): void {
  const isFirst = shown === null;
  shown?.close?.();
  shown = view;
  document.title = view.title;
  required("view").replaceChildren(view.element);
  window.scrollTo(0, 0);
  if (!isFirst) view.element.querySelector("h1")?.focus({ preventScroll: true });
}

if (tab.ending !== null) show(endView(ways, tab.ending));
else if (tab.joined) void join();
else show(startView(ways));
