import type { Page } from "playwright-core";

const HIDE_MS = 2000;

/**
 * Brings a page into the background: opens another tab in front of it.
 *
 * @returns whether the page counts as hidden now: in Chromium only that of a {@link launchPersonalBrowser} does
 */
export function hide(page: Page): Promise<boolean> {
  return page.evaluate(async (withinMs) => {
    const { document, open } = globalThis as unknown as {
      document: EventTarget & { readonly hidden: boolean };
      open(url: string, target: string, features: string): unknown;
    };
    const hidden = new Promise<void>((resolve) => {
      document.addEventListener("visibilitychange", () => resolve(), { once: true });
      setTimeout(resolve, withinMs);
    });
    // As a person opens one. A window that the page has a hold of hides it too, but Chromium does not tell it so.
    open("about:blank", "_blank", "noopener");
    await hidden;
    return document.hidden;
  }, HIDE_MS);
}

/** Brings a page to the front again: closes what {@link hide} put there. */
export async function unhide(page: Page): Promise<void> {
  for (const other of page.context().pages()) if (other !== page) await other.close();
}
