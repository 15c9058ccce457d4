import { fileURLToPath } from "node:url";
import { build, defineConfig, type Plugin } from "vite";

const own = (file: string): string => fileURLToPath(new URL(`global/${file}`, import.meta.url));

const target = "es2022";

/** Puts the worker's script, in one piece, in place of `workerSource.ts`. */
const workerSource: Plugin = {
  name: "worker-source",
  async load(id) {
    if (!id.endsWith("dist/measuring/workerSource.js")) return null;
    const built = await build({
      configFile: false,
      logLevel: "warn",
      build: {
        target,
        write: false,
        lib: { entry: fileURLToPath(new URL("dist/measuring/worker.js", import.meta.url)), formats: ["es"] },
        rolldownOptions: { output: { minify: true } },
      },
    });
    const [chunk] = (Array.isArray(built) ? built : [built]).flatMap((one) =>
      "output" in one ? one.output : [],
    );
    if (chunk?.type !== "chunk") throw new Error("the worker's script was not built");
    return `export const workerSource = ${JSON.stringify(chunk.code)};`;
  },
};

/**
 * One file for a script tag, with everything in it; and with `--mode bundler` the module that bundlers' users import, whose
 * dependencies they have themselves. Each has a folder of its own: Vite empties the folder it writes to.
 *
 * For the script tag simple-peer is built from its source, with small parts in place of the Node libraries it brings for a stream
 * interface that the SDK does not use: they would be half of the file. Bundlers' users get its own built file.
 */
export default defineConfig(({ mode }) =>
  mode === "bundler"
    ? {
        plugins: [workerSource],
        build: {
          outDir: "dist-bundler",
          target,
          sourcemap: true,
          minify: false,
          lib: { entry: "dist/index.js", formats: ["es"], fileName: () => "probematch.js" },
          rolldownOptions: { external: /^(@probematch\/shared|simple-peer|socket\.io-client|valibot)/ },
        },
      }
    : {
        plugins: [workerSource],
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
          target,
          sourcemap: true,
          lib: {
            entry: "dist/index.js",
            name: "Probematch",
            formats: ["iife"],
            fileName: () => "probematch.js",
          },
        },
      },
);
