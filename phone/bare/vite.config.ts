import { defineConfig } from "vite";

/** The bare page of `make torture-phone`, which only saves. */
export default defineConfig({
  root: "bare",
  base: "./",
  worker: { format: "es" },
  build: { outDir: "../dist/bare", emptyOutDir: true, target: "es2022" },
});
