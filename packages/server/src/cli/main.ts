#!/usr/bin/env node
import { createInterface } from "node:readline/promises";
import { runCli } from "./program.js";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // Who asks twice does not want to wait for a clean end.
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  });
}

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  env: process.env,
  cwd: process.cwd(),
  confirm: async (question) => {
    if (!process.stdin.isTTY) return null;
    const asking = createInterface({ input: process.stdin, output: process.stderr });
    try {
      const answer = await asking.question(`${question} [y/N] `, { signal: stop.signal });
      return /^y(es)?$/i.test(answer.trim());
    } catch {
      return false;
    } finally {
      asking.close();
    }
  },
  terminal: process.stderr.isTTY ? process.stderr : null,
  stop: stop.signal,
});
