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
  /** Of a check: the ICE user fragments of both ends, which are new with each start of ICE. `null` where it has none. */
  readonly ufrags: { readonly sender: string; readonly receiver: string } | null;
}

const USERNAME = 0x0006;

/** Reads a STUN message (RFC 8489, sections 5 and 14); `null` when the packet is none. */
export function readStun(packet: Uint8Array): StunMessage | null {
  if (packetKind(packet) !== "stun") return null;
  const header = Buffer.from(packet.buffer, packet.byteOffset, 20);
  const type = header.readUInt16BE(0);
  const role = (type & 0x0100) !== 0 ? ("answer" as const) : (type & 0x0010) !== 0 ? "indication" : "request";
  const transactionId = header.toString("latin1", 8, 20);
  return { role, transactionId, ufrags: role === "request" ? readUfrags(packet) : null };
}

/** A check's user name is `receiver:sender` (RFC 8445, section 7.2.2). */
function readUfrags(packet: Uint8Array): StunMessage["ufrags"] {
  const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.length);
  for (let at = 20; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16BE(at + 2);
    if (bytes.readUInt16BE(at) === USERNAME) {
      const [receiver, sender] = bytes.toString("latin1", at + 4, at + 4 + length).split(":");
      return receiver === undefined || sender === undefined ? null : { sender, receiver };
    }
    // Attributes are padded to four bytes.
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return null;
}
