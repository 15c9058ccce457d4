import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const own = (file: string): string => fileURLToPath(new URL(`global/${file}`, import.meta.url));

/**
 * One file for a script tag, with everything in it. Its folder is its own: Vite empties the folder it writes to.
 *
 * simple-peer is built from its source here, with small parts in place of the Node libraries it brings for a stream
 * interface that the SDK does not use: they would be half of the file. Bundlers' users get its own built file.
 */
export default defineConfig({
  resolve: {
    alias: {
      "simple-peer/simplepeer.min.js": "simple-peer/index.js",
      "readable-stream": own("stream.ts"),
      randombytes: own("randombytes.ts"),
      buffer: own("buffer.ts"),
      debug: own("debug.ts"),
    },
  },
  build: {
    outDir: "dist-global",
    target: "es2022",
    sourcemap: true,
    lib: {
      entry: "dist/index.js",
      name: "Probematch",
      formats: ["iife"],
      fileName: () => "probematch.js",
    },
  },
});
