import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createProbematch, FifoMatchmaker, scene } from "@probematch/server";

const page = await readFile(new URL("index.html", import.meta.url));
const server = createServer((_request, response) => {
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page);
});
const probematch = await createProbematch({
  auth: { mode: "open" }, // anybody may join: for trying things out
  scenes: [scene("hello").matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 150 }) })],
  dataDir: null, // nothing is kept; leave this out to have the logs under ./data
});
probematch.attach(server); // serves /probematch/probematch.js, too
const port = Number(process.env["PORT"] ?? 4171);
server.listen(port, () => console.log(`http://localhost:${port}`));
