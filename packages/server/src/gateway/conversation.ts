import type { ClientMessages, RefusalCode } from "@probematch/shared";
import type { Logger } from "pino";
import { JournalUnavailableError } from "../journal/journal.js";
import { readIncoming } from "./incoming.js";
import { MessageBudget } from "./messageBudget.js";
import type { GatewayObserver } from "./observer.js";
import type { GatewayLimits } from "./options.js";
import { mayReceive, type Receiver, type Verdict } from "./receivers.js";
import type { Session } from "./session.js";

export interface ConversationOptions {
  readonly receivers: Record<keyof ClientMessages, Receiver>;
  readonly limits: GatewayLimits;
  readonly observer: Partial<GatewayObserver>;
  readonly logger: Logger;
}

/**
 * Listens to pages: every message is within its page's budget, known, in shape and in order, or it is refused with a
 * code, counted, and changes nothing. Payloads are never logged.
 *
 * One for all pages: what each of them needed a function of its own for is what its memory is made of.
 *
 * @returns listens to one more page
 */
export function createConversation(options: ConversationOptions): (session: Session) => void {
  const { receivers, limits, observer, logger } = options;

  const refuse = (session: Session, code: RefusalCode, name: string | null, detail?: string) => {
    const { sceneId, participantId } = session;
    const event = name !== null && Object.hasOwn(receivers, name) ? (name as keyof ClientMessages) : null;
    observer.messageRefused?.({ sceneId, code, event });
    logger.debug({ participantId, code, event }, "message refused");
    session.refuse(code, name, detail);
  };
  const conclude = (session: Session, verdict: Verdict, event: keyof ClientMessages) => {
    if (verdict === null) return;
    if (typeof verdict === "string") refuse(session, verdict, event);
    else refuse(session, verdict.code, event, verdict.detail);
  };
  const fail = (session: Session, error: unknown, event: keyof ClientMessages) => {
    refuse(session, "unavailable", event);
    if (error instanceof JournalUnavailableError) return;
    const { participantId } = session;
    logger.error({ err: error, participantId, event }, "a message could not be carried out");
  };
  const hear = (session: Session, budget: MessageBudget, args: readonly unknown[]) => {
    if (session.phase !== "live") return;
    const { socket, participantId } = session;
    const within = budget.take();
    if (within === "disconnect") {
      logger.warn({ participantId }, "a page floods the server with messages; disconnected");
      socket.disconnect(true);
    }
    if (within === "refuse") refuse(session, "too_many_messages", null);
    if (within !== "ok") return;

    const incoming = readIncoming(args);
    if (incoming.status === "refused") return refuse(session, incoming.code, incoming.event);
    const { event, payload } = incoming;
    if (!mayReceive(session, event)) return refuse(session, "out_of_order", event);
    try {
      const verdict = receivers[event](session, payload);
      if (verdict instanceof Promise) {
        verdict.then(
          (late) => conclude(session, late, event),
          (error: unknown) => fail(session, error, event),
        );
      } else {
        conclude(session, verdict, event);
      }
    } catch (error) {
      fail(session, error, event);
    }
  };

  return (session) => {
    const budget = new MessageBudget(limits.messageBurst, limits.messagesPerSecond);
    // One listener for everything, also for what the protocol does not know.
    session.socket.onAny((...args: unknown[]) => hear(session, budget, args));
  };
}
