import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../lobby/random.js";
import { Calibration } from "./calibration.js";

/** Lets `probes` probes come true as often as `truth` says of what was said. */
function taught(truth: (said: number) => number, probes: number): Calibration {
  const random = seededRandom("calibration");
  const calibration = new Calibration();
  for (let i = 0; i < probes; i += 1) {
    const said = random();
    calibration.observe(said, random() < truth(said));
  }
  return calibration;
}

describe("calibration", () => {
  test("leaves what was said, before any probe", () => {
    const calibration = new Calibration();
    for (const said of [0.01, 0.3, 0.5, 0.9, 0.999])
      expect(calibration.corrected(said)).toBeCloseTo(said, 10);
  });

  test("learns that what is said to be unlikely is not", () => {
    const calibration = taught((said) => Math.sqrt(said), 3_000);
    for (const said of [0.1, 0.3, 0.6, 0.9])
      expect(Math.abs(calibration.corrected(said) - Math.sqrt(said))).toBeLessThan(0.07);
  });

  test("gives small chances up when none of them comes true", () => {
    const calibration = new Calibration();
    for (let i = 0; i < 200; i += 1) calibration.observe(0.02, false);
    expect(calibration.corrected(0.02)).toBeLessThan(0.015);
  });

  test("changes little for one probe", () => {
    const calibration = new Calibration();
    calibration.observe(0.5, true);
    expect(calibration.corrected(0.5)).toBeLessThan(0.55);
  });

  test("never makes the likelier of two pairs the less likely one, and gives chances", () => {
    const probes = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean()));
    fc.assert(
      fc.property(probes, fc.double({ min: 0, max: 1, noNaN: true }), (list, said) => {
        const calibration = new Calibration();
        for (const [chance, isWithin] of list) calibration.observe(chance, isWithin);
        const corrected = calibration.corrected(said);
        expect(corrected).toBeGreaterThanOrEqual(0);
        expect(corrected).toBeLessThanOrEqual(1);
        expect(calibration.corrected(Math.min(1, said * 1.1))).toBeGreaterThanOrEqual(corrected - 1e-12);
      }),
    );
  });

  test("goes on where it was saved", () => {
    const calibration = taught((said) => said / 2, 500);
    const restored = new Calibration(calibration.save());
    calibration.observe(0.4, true);
    restored.observe(0.4, true);
    for (const said of [0.01, 0.2, 0.4, 0.8])
      expect(restored.corrected(said)).toBe(calibration.corrected(said));
  });
});
