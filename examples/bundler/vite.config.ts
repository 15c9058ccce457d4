import { defineConfig } from "vite";

export default defineConfig({
  build: { target: "es2022" },
  // `npx vite` for development: the page comes from Vite, everything below /probematch from server.mjs.
  server: { proxy: { "/probematch": { target: "http://localhost:4172", ws: true } } },
});
