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
 * Listens to one page: every message is within its budget, known, in shape and in order, or it is refused with a
 * code, counted, and changes nothing. Payloads are never logged.
 */
export function converse(session: Session, options: ConversationOptions): void {
  const { receivers, limits, observer, logger } = options;
  const { sceneId, participantId, socket } = session;
  const budget = new MessageBudget(limits.messageBurst, limits.messagesPerSecond);

  const refuse = (code: RefusalCode, name: string | null, detail?: string) => {
    const event = name !== null && Object.hasOwn(receivers, name) ? (name as keyof ClientMessages) : null;
    observer.messageRefused?.({ sceneId, code, event });
    logger.debug({ participantId, code, event }, "message refused");
    session.refuse(code, name, detail);
  };
  const conclude = (verdict: Verdict, event: keyof ClientMessages) => {
    if (verdict === null) return;
    if (typeof verdict === "string") refuse(verdict, event);
    else refuse(verdict.code, event, verdict.detail);
  };
  const fail = (error: unknown, event: keyof ClientMessages) => {
    refuse("unavailable", event);
    if (error instanceof JournalUnavailableError) return;
    logger.error({ err: error, participantId, event }, "a message could not be carried out");
  };

  // One listener for everything, also for what the protocol does not know.
  socket.onAny((...args: unknown[]) => {
    if (session.phase !== "live") return;
    const within = budget.take();
    if (within === "disconnect") {
      logger.warn({ participantId }, "a page floods the server with messages; disconnected");
      socket.disconnect(true);
    }
    if (within === "refuse") refuse("too_many_messages", null);
    if (within !== "ok") return;

    const incoming = readIncoming(args);
    if (incoming.status === "refused") return refuse(incoming.code, incoming.event);
    const { event, payload } = incoming;
    if (!mayReceive(session, event)) return refuse("out_of_order", event);
    try {
      const verdict = receivers[event](session, payload);
      if (verdict instanceof Promise) {
        verdict.then(
          (late) => conclude(late, event),
          (error: unknown) => fail(error, event),
        );
      } else {
        conclude(verdict, event);
      }
    } catch (error) {
      fail(error, event);
    }
  });
}
