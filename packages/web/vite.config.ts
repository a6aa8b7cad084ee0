import { defineConfig } from "vite";

/** Where `npm run dev` finds a running server: `izwi serve` on its usual port. */
const SERVER = process.env["IZWI_SERVER"] ?? "http://localhost:8080";

export default defineConfig({
  base: "/chat/",
  // The page's policy lets no script or style be written into the HTML, so nothing is inlined.
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: true },
  server: {
    proxy: Object.fromEntries(["/v1", "/tokenize", "/apply-template", "/livez"].map((path) => [path, SERVER])),
  },
});
