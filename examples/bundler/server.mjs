import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { createProbematch, scene } from "@probematch/server";
import sirv from "sirv";

const server = createServer(sirv(fileURLToPath(new URL("dist", import.meta.url))));
const probematch = await createProbematch({
  auth: { mode: "open" },
  scenes: [scene("hello").matchmaking({ matchmaker: { name: "fifo", maxP2pRttMs: 150 } })],
  dataDir: null,
});
probematch.attach(server);
const port = Number(process.env["PORT"] ?? 4172);
server.listen(port, () => console.log(`http://localhost:${port}`));
