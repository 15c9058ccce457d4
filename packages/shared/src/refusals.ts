import * as v from "valibot";

/**
 * Why the server refused a connection or a message. `fatal` refusals end the connection and are not retried
 * by the SDK; the others answer one message and leave everything as it was. `unavailable`: the server cannot write
 * its log at the moment; the same message may be accepted a little later. (A page that connects at such a time gets
 * no refusal: its connection is closed and it tries again by itself.)
 */
export const refusalCodes = [
  // connections (fatal)
  "protocol_version",
  "unknown_scene",
  "token_required",
  "token_invalid",
  "token_expired",
  "study_full",
  "too_many_joins",
  "bad_handshake",
  "server_closing",
  "replaced",
  // single messages
  "bad_message",
  "unknown_message",
  "too_large",
  "too_many_messages",
  "not_your_probe",
  "not_your_proposal",
  "out_of_order",
  "unavailable",
] as const;

export const refusalCodeSchema = v.picklist(refusalCodes);
export type RefusalCode = v.InferOutput<typeof refusalCodeSchema>;
