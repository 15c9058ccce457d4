/** The court's colours and its numerals' font, as the style sheet has them for a light or a dark screen. */
export interface Palette {
  readonly court: string;
  readonly line: string;
  readonly ball: string;
  readonly mine: string;
  readonly theirs: string;
  readonly numeral: string;
  readonly font: string;
}

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    court: read("--court-court"),
    line: read("--court-line"),
    ball: read("--court-ball"),
    mine: read("--court-mine"),
    theirs: read("--court-theirs"),
    numeral: read("--court-numeral"),
    font: read("--display"),
  };
}
