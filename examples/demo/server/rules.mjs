/** The study's rules, for the server that applies them and for the page that tells people about them. */
export const rules = {
  scene: "rally",
  groupSize: 2,
  /** A pair plays when the round trip between its two browsers takes at most this long. */
  maxP2pRttMs: 150,
  /** Nobody waits longer than this. */
  waitLimitMs: 5 * 60_000,
  /** A place is kept this long for a page that is reloaded or has lost its connection. */
  graceMs: 30_000,
  /**
   * A pair that was too slow is measured again after this time. Short, so that somebody who tries out the delay
   * control soon sees what it changes; in a study, leave the default of five minutes.
   */
  edgeLifeMs: 20_000,
  /** The most a tab can add to its round trip for trying things out. */
  maxSlowRttMs: 400,
};
