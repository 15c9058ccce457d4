import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findOnPath, MissingProgramError } from "../onPath.js";
import { defaultRelayHost } from "../relay/delayRelay.js";
import { freePort, type Service, startService } from "./service.js";

export interface TurnService extends Service {
  readonly secret: string;
  /** For `iceServers`: over UDP, then over TCP. */
  readonly urls: readonly [string, string];
}

export interface TurnOptions {
  /** The shared secret of coturn's REST scheme: credentials are made from it (HMAC-SHA1 over `expiry:user`). */
  readonly secret: string;
  /** Where it listens and relays. Default: the address of a delay relay on this machine. */
  readonly host?: string;
}

/**
 * Starts coturn on a free port, with short-lived REST credentials and without TLS.
 *
 * @throws {MissingProgramError} when turnserver is not installed
 */
export async function startTurn({ secret, host = defaultRelayHost() }: TurnOptions): Promise<TurnService> {
  const command = findOnPath("turnserver");
  if (command === null) {
    throw new MissingProgramError(
      "turnserver is not installed (Debian: apt-get install coturn; macOS: brew install coturn)",
    );
  }
  const port = await freePort(host);
  const folder = await mkdtemp(join(tmpdir(), "probematch-turn-"));
  const args = [
    "-n",
    `--listening-ip=${host}`,
    `--relay-ip=${host}`,
    `--listening-port=${port}`,
    "--use-auth-secret",
    `--static-auth-secret=${secret}`,
    "--realm=probematch.test",
    "--fingerprint",
    "--no-tls",
    "--no-dtls",
    "--no-cli",
    "--no-multicast-peers",
    "--allow-loopback-peers",
    "--log-file=stdout",
    `--pidfile=${join(folder, "turn.pid")}`,
    `--userdb=${join(folder, "turn.db")}`,
  ];
  try {
    const service = await startService({
      command,
      args,
      cwd: folder,
      temporaryFolder: folder,
      host,
      port,
      isUp: () => answersBinding(host, port),
      timeoutMs: 10_000,
    });
    return {
      ...service,
      secret,
      urls: [`turn:${host}:${port}?transport=udp`, `turn:${host}:${port}?transport=tcp`],
      close: async () => {
        await service.close();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A STUN binding request (RFC 8489): a TURN server answers it without credentials. */
export async function answersBinding(host: string, port: number): Promise<boolean> {
  const request = Buffer.concat([Buffer.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]), randomBytes(12)]);
  const socket = createSocket("udp4");
  return new Promise((resolve) => {
    const done = (result: boolean) => {
      clearTimeout(timer);
      socket.close();
      resolve(result);
    };
    const timer = setTimeout(() => done(false), 200);
    socket.once("error", () => done(false));
    socket.once("message", () => done(true));
    socket.send(request, port, host);
  });
}
