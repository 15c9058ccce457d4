import { Buffer } from "node:buffer";

/** What a packet is, by its first byte (RFC 7983): connectivity checks, everything encrypted, or something else. */
export type PacketKind = "stun" | "dtls" | "other";

export function packetKind(packet: Uint8Array): PacketKind {
  const first = packet[0];
  if (first === undefined) return "other";
  if (first <= 3 && packet.length >= 20) return "stun";
  return first >= 20 && first <= 63 ? "dtls" : "other";
}

export interface StunMessage {
  /** `answer` is a success or an error response. */
  readonly role: "request" | "indication" | "answer";
  readonly transactionId: string;
}

/** Reads the header of a STUN message (RFC 8489, section 5); `null` when the packet is none. */
export function readStun(packet: Uint8Array): StunMessage | null {
  if (packetKind(packet) !== "stun") return null;
  const header = Buffer.from(packet.buffer, packet.byteOffset, 20);
  const type = header.readUInt16BE(0);
  const role = (type & 0x0100) !== 0 ? ("answer" as const) : (type & 0x0010) !== 0 ? "indication" : "request";
  return { role, transactionId: header.toString("latin1", 8, 20) };
}
