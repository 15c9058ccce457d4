import type { Refusal, RefusalCode } from "@probematch/shared";

/** What a code means to the person who reads the browser's log. A page shows its own words to participants. */
const texts: Record<RefusalCode, string> = {
  protocol_version: "This page speaks another version of the protocol. Reload it to get the current client.",
  unknown_scene: "There is no such scene on this server.",
  token_required: "This server lets in only participants with a token signed by the study.",
  token_invalid: "The token was not signed for this server, this scene or this participant.",
  token_expired: "The token has expired. Ask the study for a new one.",
  study_full: "The scene takes no more participants.",
  too_many_joins: "Too many connections within a minute. Wait a minute, then try again.",
  bad_handshake: "The connection's handshake is not valid.",
  server_closing: "The server is closing. Connect again in a moment.",
  replaced: "Another page took this participant's place.",
  bad_message: "The message does not fit the protocol.",
  unknown_message: "There is no message of this name in the protocol.",
  too_large: "The message is too large.",
  too_many_messages: "Too many messages. Slow down.",
  not_your_probe: "This probe is over or is not this participant's.",
  not_your_proposal: "This proposal is over or is not this participant's.",
  out_of_order: "This message does not fit the participant's situation.",
  unavailable: "The server cannot write its log at the moment. Try again soon.",
};

const MAX_TEXT = 500;

/** A code and its explanation; `detail` says what exactly, where that helps. */
export function refusal(code: RefusalCode, detail?: string): Refusal {
  const message = detail === undefined ? texts[code] : `${texts[code]} ${detail}`;
  return { code, message: message.slice(0, MAX_TEXT) };
}

/** A refusal in the form in which socket.io hands it to the page as `connect_error`. */
export class RefusedConnection extends Error {
  override readonly name = "RefusedConnection";
  readonly data: Refusal;

  constructor(data: Refusal) {
    super(data.message);
    this.data = data;
  }
}
