/**
 * Seeded randomness: the only kind the core knows. The same seed gives the same numbers on every platform.
 */

/** 128 bits of hash of a text as four 32-bit words (cyrb128 by bryc, public domain). Not cryptographic. */
function hash128(text: string): [number, number, number, number] {
  let h1 = 1779033703;
  let h2 = 3144134277;
  let h3 = 1013904242;
  let h4 = 2773480762;
  for (let i = 0; i < text.length; i += 1) {
    const k = text.charCodeAt(i);
    h1 = h2 ^ Math.imul(h1 ^ k, 597399067);
    h2 = h3 ^ Math.imul(h2 ^ k, 2869860233);
    h3 = h4 ^ Math.imul(h3 ^ k, 951274213);
    h4 = h1 ^ Math.imul(h4 ^ k, 2716044179);
  }
  h1 = Math.imul(h3 ^ (h1 >>> 18), 597399067);
  h2 = Math.imul(h4 ^ (h2 >>> 22), 2869860233);
  h3 = Math.imul(h1 ^ (h3 >>> 17), 951274213);
  h4 = Math.imul(h2 ^ (h4 >>> 19), 2716044179);
  const mixed = h1 ^ h2 ^ h3 ^ h4;
  return [mixed >>> 0, (h2 ^ mixed) >>> 0, (h3 ^ mixed) >>> 0, (h4 ^ mixed) >>> 0];
}

/** A generator of numbers in [0, 1) (sfc32, Chris Doty-Humphrey's PractRand). */
export function seededRandom(seed: string): () => number {
  let [a, b, c, d] = hash128(seed);
  const next = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i += 1) next();
  return next;
}

/** A short name out of a text: 12 letters and digits (about 62 bits), the same for the same text. */
export function shortHash(text: string): string {
  const [a, b] = hash128(text);
  return (a.toString(36).padStart(7, "0") + b.toString(36).padStart(7, "0")).slice(1, 13);
}
