import { type ClientMessages, clientMessages, type RefusalCode } from "@probematch/shared";
import * as v from "valibot";
import { misfit } from "./incoming.js";
import type { LinkRepairs } from "./linkRepairs.js";
import type { GatewayObserver } from "./observer.js";
import { settleServerRtt } from "./rttRule.js";
import type { Session } from "./session.js";
import type { SignalRelay } from "./signalRelay.js";

/** `null`: accepted. */
export type Verdict = RefusalCode | { readonly code: RefusalCode; readonly detail: string } | null;

/** Checks a payload and carries the message out. Rejects as the commands of `SceneHandle` do. */
export type Receiver = (session: Session, payload: unknown) => Verdict | Promise<Verdict>;

/** Pings and farewells are answered whatever the situation; the rest needs a participation that is not over. */
const ALWAYS: ReadonlySet<keyof ClientMessages> = new Set(["echo", "serverEchoed", "leave"]);

export const mayReceive = (session: Session, event: keyof ClientMessages): boolean =>
  !session.ended || ALWAYS.has(event);

/** What the server does with each message of the protocol. */
export function createReceivers(
  relay: SignalRelay,
  repairs: LinkRepairs,
  observer: Partial<GatewayObserver>,
): Record<keyof ClientMessages, Receiver> {
  return {
    echo: on(clientMessages.echo, (session, { seq }) => {
      session.socket.emit("echoed", { seq });
      return null;
    }),
    serverEchoed: on(clientMessages.serverEchoed, (session, { seq }) => {
      session.timing?.answered(seq);
      return null;
    }),
    rttReport: onReport(
      clientMessages.rttReport,
      async ({ scene, sceneId, participantId, timing }, report) => {
        const own = timing?.stats() ?? null;
        const { rtt, corrected } = settleServerRtt(report.rtt, own);
        const at = scene.now();
        observer.rttReported?.({ sceneId, participantId, at, reported: report.rtt, own, corrected });
        await scene.reportRtt(participantId, { serverRtt: { ...rtt, measuredAt: at } });
        return null;
      },
    ),
    beaconReport: onReport(clientMessages.beaconReport, async ({ scene, participantId }, { beaconRttMs }) => {
      // A page that was loaded under an older configuration may know beacons that are gone.
      const known = scene.settings.beacons.filter(({ id }) => Object.hasOwn(beaconRttMs, id));
      if (known.length === 0) return null;
      const rtts = Object.fromEntries(known.map(({ id }) => [id, beaconRttMs[id] ?? 0]));
      await scene.reportRtt(participantId, { beaconRttMs: rtts });
      return null;
    }),
    probeReady: on(clientMessages.probeReady, ({ scene, participantId }, { probeId }) =>
      scene.probeReady(participantId, probeId),
    ),
    probeSignal: on(clientMessages.probeSignal, (session, message) => relay.relay(session, message)),
    probeReport: on(clientMessages.probeReport, ({ scene, participantId }, { probeId, report }) =>
      scene.probeReport(participantId, probeId, report),
    ),
    confirmed: on(clientMessages.confirmed, ({ scene, participantId }, { proposalId }) =>
      scene.confirm(participantId, proposalId),
    ),
    linkReport: onReport(clientMessages.linkReport, ({ scene, participantId }, { matchId, links }) =>
      scene.linkReport(participantId, matchId, links),
    ),
    linkRepair: on(clientMessages.linkRepair, (session, { probeId, fresh }) =>
      repairs.order(session, probeId, fresh),
    ),
    matchDone: on(clientMessages.matchDone, ({ scene, participantId }, { matchId }) =>
      scene.matchDone(participantId, matchId),
    ),
    leave: on(clientMessages.leave, async ({ scene, participantId }) => {
      await scene.leave(participantId);
      return null;
    }),
  };
}

function on<T>(
  schema: v.GenericSchema<unknown, T>,
  carryOut: (session: Session, message: T) => Verdict | Promise<Verdict>,
): Receiver {
  return (session, payload) => {
    const parsed = v.safeParse(schema, payload);
    return parsed.success ? carryOut(session, parsed.output) : misfit(payload, parsed.issues);
  };
}

/** As {@link on}, for what is written down each time. */
function onReport<T>(
  schema: v.GenericSchema<unknown, T>,
  carryOut: (session: Session, message: T) => Verdict | Promise<Verdict>,
): Receiver {
  return on(schema, (session, message) =>
    session.reports.take() === "ok" ? carryOut(session, message) : "too_many_messages",
  );
}
