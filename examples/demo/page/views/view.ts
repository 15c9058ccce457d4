import type { Ending } from "../endings.js";
import type { TabMemory } from "../tab.js";

/** One page of the study. */
export interface View {
  readonly element: HTMLElement;
  /** The browser tab's name while the view is shown. */
  readonly title: string;
  /** Stops what the view started. */
  close?(): void;
}

/** Where a view may lead. */
export interface Ways {
  readonly tab: TabMemory;
  join(): void;
  end(ending: Ending): void;
  again(): void;
}
