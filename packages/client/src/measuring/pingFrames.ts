/**
 * What goes over a link's measuring channel: 5 bytes, a kind and a number. The answer to a ping is the ping
 * itself with its kind changed, so that answering costs next to nothing.
 */
const PING = 0x50;
const PONG = 0x51;
const LENGTH = 5;

export function encodePing(seq: number): ArrayBuffer {
  const frame = new DataView(new ArrayBuffer(LENGTH));
  frame.setUint8(0, PING);
  frame.setUint32(1, seq);
  return frame.buffer;
}

/** Turns a ping into its answer, in place. `false`: it is no ping. */
export function turnIntoPong(data: ArrayBuffer): boolean {
  if (data.byteLength !== LENGTH) return false;
  const frame = new DataView(data);
  if (frame.getUint8(0) !== PING) return false;
  frame.setUint8(0, PONG);
  return true;
}

/** The number of a ping; `null`: it is none. */
export const decodePing = (data: ArrayBuffer): number | null => decode(data, PING);

/** The number of an answered ping; `null`: it is no answer. */
export const decodePong = (data: ArrayBuffer): number | null => decode(data, PONG);

function decode(data: ArrayBuffer, kind: number): number | null {
  if (data.byteLength !== LENGTH) return null;
  const frame = new DataView(data);
  return frame.getUint8(0) === kind ? frame.getUint32(1) : null;
}
