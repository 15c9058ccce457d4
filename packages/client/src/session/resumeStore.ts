import * as v from "valibot";

/** Where resume tokens are kept; `sessionStorage` and `localStorage` fit. */
export interface ResumeStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const storedSchema = v.object({ resumeToken: v.string(), participantId: v.string(), identity: v.string() });

/**
 * Remembers who this page is in one scene over a refresh. A token kept for somebody else (the page now names another
 * participant) is not used. Storage that is full, forbidden or broken is like no storage.
 */
export class ResumeStore {
  readonly #storage: ResumeStorage | null;
  readonly #key: string;
  /** What the page itself says about who it is: a token's end (its signature), an id, or nothing. */
  readonly #identity: string;

  constructor(
    storage: ResumeStorage | null,
    where: { readonly url: string; readonly scene: string },
    who: { readonly token?: string | undefined; readonly participantId?: string | undefined },
  ) {
    this.#storage = storage;
    this.#key = `probematch ${where.url} ${where.scene}`;
    this.#identity =
      who.token === undefined ? `id ${who.participantId ?? ""}` : `token ${who.token.slice(-43)}`;
  }

  load(): string | undefined {
    try {
      const stored = v.parse(storedSchema, JSON.parse(this.#storage?.getItem(this.#key) ?? "null"));
      return stored.identity === this.#identity ? stored.resumeToken : undefined;
    } catch {
      return undefined;
    }
  }

  save(resumeToken: string, participantId: string): void {
    const stored = { resumeToken, participantId, identity: this.#identity };
    try {
      this.#storage?.setItem(this.#key, JSON.stringify(stored));
    } catch {
      // The place is kept on the server; only a refresh without an id of the page's own will lose it.
    }
  }

  forget(): void {
    try {
      this.#storage?.removeItem(this.#key);
    } catch {
      // As above.
    }
  }
}

/** `null` where the browser forbids storage, or there is none. */
export function defaultStorage(): ResumeStorage | null {
  try {
    return typeof sessionStorage === "undefined" ? null : sessionStorage;
  } catch {
    return null;
  }
}
