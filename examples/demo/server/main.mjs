import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { createProbematch, FifoMatchmaker, scene } from "@probematch/server";
import { createDelayRelay } from "@probematch/testbed";
import { createDelayDesk } from "./delayDesk.mjs";
import { fail, listen } from "./listen.mjs";
import { createPages } from "./pages.mjs";
import { rules } from "./rules.mjs";

// Only this machine can come in, unless HOST says otherwise (HOST=0.0.0.0: everybody on the network).
const { PORT = "4170", HOST = "127.0.0.1", DATA_DIR, RELAY_HOST } = process.env;
const dataDir = DATA_DIR ?? fileURLToPath(new URL(`../data/port-${PORT}`, import.meta.url));

// Tabs can ask for a slow connection. A pair without one never meets the relay.
const relay = createDelayRelay({
  skipUnimpaired: true,
  ...(RELAY_HOST === undefined ? {} : { host: RELAY_HOST }),
});
const delayDesk = createDelayDesk(relay);
const pages = createPages();
const httpServer = createServer((request, response) => {
  if (!delayDesk(request, response)) pages(request, response);
});

const port = await listen(httpServer, PORT, HOST).catch(fail);

// From here on: what a study of your own would write.
const rally = scene(rules.scene)
  .groupSize(rules.groupSize)
  .matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: rules.maxP2pRttMs }) })
  .waitroom({ timeoutMs: rules.waitLimitMs, graceMs: rules.graceMs })
  .probing({ edgeLifeMs: rules.edgeLifeMs });

const probematch = await createProbematch({
  scenes: [rally],
  // Anybody may take part. A study gives a signed token to each participant instead.
  auth: { mode: "open" },
  dataDir,
  logLevel: "error",
  transformSignal: (from, to, probeId, signal) => relay.rewrite(probeId, from, signal, to),
}).catch(fail);
probematch.attach(httpServer);

process.stdout.write(`The demo study is at http://localhost:${port} (end with Ctrl-C)\n`);

let isClosing = false;
async function close() {
  // The second Ctrl-C does not wait.
  if (isClosing) process.exit(1);
  isClosing = true;
  await probematch.close();
  relay.close();
  httpServer.close();
  httpServer.closeAllConnections();
}
process.on("SIGINT", close);
process.on("SIGTERM", close);
