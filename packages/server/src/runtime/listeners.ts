/** Those who want to be told of something. */
export class Listeners<T> {
  readonly #all = new Set<(value: T) => void>();
  readonly #onError: (error: unknown) => void;

  /** @param onError called where one of them throws: its bug keeps neither the others nor whoever tells them from going on */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Returns the function that ends it. */
  add(listener: (value: T) => void): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  tell(value: T): void {
    for (const listener of this.#all) {
      try {
        listener(value);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
