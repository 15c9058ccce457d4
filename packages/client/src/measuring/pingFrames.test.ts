import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodePing, decodePong, encodePing, turnIntoPong } from "./pingFrames.js";

describe("ping frames", () => {
  it("carry their number there and back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (seq) => {
        const frame = encodePing(seq);
        expect(decodePong(frame)).toBeNull();
        expect(decodePing(frame)).toBe(seq);
        expect(turnIntoPong(frame)).toBe(true);
        expect(decodePong(frame)).toBe(seq);
        expect(decodePing(frame)).toBeNull();
      }),
    );
  });

  it("are not answered twice: an answer is no ping", () => {
    const frame = encodePing(1);
    turnIntoPong(frame);
    expect(turnIntoPong(frame)).toBe(false);
  });

  it("are told from any other bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        fc.pre(bytes.length !== 5 || (bytes[0] !== 0x50 && bytes[0] !== 0x51));
        const { buffer } = new Uint8Array(bytes);
        expect(turnIntoPong(buffer)).toBe(false);
        expect(decodePong(buffer)).toBeNull();
      }),
    );
  });
});
