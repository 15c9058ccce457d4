import { connect } from "@probematch/client";

const status = document.querySelector("#status") as HTMLElement;
const participant = connect(location.origin, { scene: "hello", measureWhileHidden: true });

participant.on("waiting", ({ position, lobbyCount }) => {
  if (participant.status === "waiting") status.textContent = `Place ${position} of ${lobbyCount}.`;
});
participant.on("probing", () => {
  status.textContent = "Measuring the connection to a partner …";
});

const result = await participant.match();
if (result.status === "matched") {
  const { match } = result;
  const partner = match.peers[0];
  status.textContent = `Matched with ${partner?.alias}, at ${partner?.rttMs?.toFixed(1)} ms.`;
  partner?.on("message", (text) => {
    status.textContent = `${partner.alias} says: ${text}`;
  });
  partner?.send("hello");
} else {
  status.textContent = `No match: ${result.status === "ended" ? result.outcome : result.status}.`;
}
