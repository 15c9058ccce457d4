import { randomBytes, randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { createProbematch, LatencyFifoMatchmaker, scene, signParticipantToken } from "@probematch/server";
import express from "express";

// In a study this comes from the environment and stays the same, so that tokens outlive a restart.
const secret = process.env["PROBEMATCH_SECRET"] ?? randomBytes(32).toString("base64");
const app = express();

/** Rooms of matches that are about to begin or have begun. @type {Map<string, { endowment: number }>} */
const rooms = new Map();

// The recruiter sends people here as /?PROLIFIC_PID=…; the token says who they are, and they cannot change it.
app.get("/token", async (request, response) => {
  const participantId = String(request.query["PROLIFIC_PID"] ?? `test-${randomUUID()}`);
  const token = await signParticipantToken({
    secret,
    participantId,
    scene: "ultimatum",
    attributes: { language: "en" },
    expiresIn: "2h",
  });
  response.json({ token });
});
app.use(express.static(fileURLToPath(new URL("public", import.meta.url))));

const ultimatum = scene("ultimatum")
  .groupSize(2)
  .matchmaking({ matchmaker: new LatencyFifoMatchmaker({ maxServerRttMs: 400, maxP2pRttMs: 150 }) })
  .waitroom({ timeoutMs: 10 * 60_000 })
  .onMatch(({ matchId, members }) => {
    // Throw, and there is no match: the members go back to the head of the queue.
    rooms.set(matchId, { endowment: 10 });
    return { endowment: 10, players: members.length };
  });

const port = Number(process.env["PORT"] ?? 4173);
const server = app.listen(port, () => console.log(`http://localhost:${port}`));
const probematch = await createProbematch({ auth: { secret }, scenes: [ultimatum], dataDir: null });
probematch.attach(server);
process.once("SIGTERM", () => void probematch.close().then(() => server.close()));
