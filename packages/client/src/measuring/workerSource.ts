/**
 * The worker's script in one piece, so that pages need no further file. The build puts it in place of this file (`vite.config.ts`);
 * empty where there was no build, as in unit tests: then the page measures.
 */
export const workerSource: string = "";
