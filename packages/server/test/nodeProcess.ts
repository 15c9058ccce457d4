import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { builtFile } from "./built.js";

const NODE_SECRET = "a secret of at least thirty-two bytes";
export const NODE_SCENE = "faults";

export interface NodeProcessOptions {
  readonly redisUrl: string;
  readonly keyPrefix: string;
  /** How long the room hook takes; `null`: there is none. */
  readonly roomMs: number | null;
  /** How wrong the process' wall clock is, ms; it is wrong the other way as of {@link NodeProcess.setClock}. Default: 0. */
  readonly clockErrorMs?: number;
}

/** A server in a process of its own, to be killed. */
export class NodeProcess {
  readonly url: string;
  readonly nodeId: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string, nodeId: string) {
    this.#child = child;
    this.url = url;
    this.nodeId = nodeId;
  }

  static async start(options: NodeProcessOptions): Promise<NodeProcess> {
    const child = spawn(process.execPath, ["--input-type=module", "-e", program(options)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const kill = () => child.kill("SIGKILL");
    process.once("exit", kill);
    child.once("exit", () => process.off("exit", kill));
    const lines = createInterface(child.stdout);
    const [line] = (await Promise.race([
      once(lines, "line"),
      once(child, "exit").then(() => {
        throw new Error("the node ended before it listened");
      }),
    ])) as [string];
    const { url, nodeId } = JSON.parse(line) as { url: string; nodeId: string };
    return new NodeProcess(child, url, nodeId);
  }

  get lives(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Ends it without a word, or with SIGTERM as an operator would. */
  async kill(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    if (!this.lives) return;
    const gone = once(this.#child, "exit");
    this.#child.kill(signal);
    await gone;
  }

  /** Somebody sets the clock of its machine. */
  setClock(): void {
    this.#child.kill("SIGUSR2");
  }

  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }
}

const program = ({ redisUrl, keyPrefix, roomMs, clockErrorMs = 0 }: NodeProcessOptions): string => `
  const rightTime = Date.now;
  let clockErrorMs = ${clockErrorMs};
  Date.now = () => rightTime() + clockErrorMs;
  process.on("SIGUSR2", () => {
    clockErrorMs = -clockErrorMs;
  });
  const { createProbematch, FifoMatchmaker, scene } = await import(${JSON.stringify(pathToFileURL(builtFile("index.js")).href)});
  const roomMs = ${JSON.stringify(roomMs)};
  const plain = scene(${JSON.stringify(NODE_SCENE)})
    .matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 100 }) })
    .matches({ roomTimeoutMs: 3000 })
    .waitroom({ timeoutMs: null, graceMs: 20_000 });
  const makeRoom = async ({ matchId }) => {
    await new Promise((resolve) => setTimeout(resolve, roomMs));
    return { room: matchId };
  };
  const study = roomMs === null ? plain : plain.onMatch(makeRoom);
  const probematch = await createProbematch({
    scenes: [study],
    auth: { mode: "open", secret: ${JSON.stringify(NODE_SECRET)} },
    redis: { url: ${JSON.stringify(redisUrl)}, keyPrefix: ${JSON.stringify(keyPrefix)}, leaseMs: 1000, nodeMs: 3000, snapshotEvents: 25 },
    limits: { joinsPerMinutePerParticipant: 1000 },
    logLevel: "silent",
  });
  process.once("SIGTERM", () => probematch.close().then(() => process.exit(0)));
  const { url } = await probematch.listen({ port: 0, host: "127.0.0.1" });
  const [{ nodeId }] = [...probematch.scenes.values()];
  process.stdout.write(JSON.stringify({ url, nodeId }) + "\\n");
`;
