import { Measurer } from "./measurer.js";
import type { MeasuringNews, MeasuringOrder } from "./messages.js";

/** The part of a dedicated worker's global scope that is used; TypeScript cannot have it beside the page's. */
interface WorkerScope {
  onmessage: ((event: { readonly data: MeasuringOrder }) => void) | null;
  postMessage(news: MeasuringNews): void;
}

/** What runs in a page's worker. The build makes one script of it (`workerSource.ts`). */
const scope = globalThis as unknown as WorkerScope;
const measurer = new Measurer((news) => scope.postMessage(news));
scope.onmessage = ({ data }) => measurer.take(data);
measurer.take({ do: "prepare" });
scope.postMessage({ news: "ready" });
