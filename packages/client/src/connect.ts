import { type ConnectOptions, checkOptions } from "./options.js";
import type { Participant } from "./participant.js";
import { ParticipantImpl } from "./participantImpl.js";

/**
 * Enters a scene's waiting room. Returns at once; everything that happens, being refused included, comes as an event
 * or as the result of {@link Participant.match}.
 *
 * @example
 * ```ts
 * import { connect } from "@probematch/client";
 *
 * const participant = connect("https://study.example", { scene: "ultimatum", token });
 * participant.on("waiting", ({ position }) => showPosition(position));
 *
 * const result = await participant.match();
 * if (result.status === "matched") {
 *   const [partner] = result.match.peers;
 *   partner?.on("message", (data) => receive(data));
 *   partner?.send("hello");
 * }
 * ```
 *
 * @param url the server's address; with a path when a proxy serves it under one (`https://uni.example/study1`)
 * @throws {ProbematchUsageError} when the arguments are wrong; the signal's reason when it is aborted already
 */
export function connect(url: string | URL, options: ConnectOptions): Participant {
  return new ParticipantImpl(checkOptions(url, options));
}
