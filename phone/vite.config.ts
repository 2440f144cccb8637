import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

/** The app, built to where the web server finds it: everything but the page itself has its hash in its name. */
export default defineConfig({
  base: "/phone/",
  plugins: [vue()],
  worker: { format: "es" },
  define: { __VUE_OPTIONS_API__: false, __VUE_PROD_DEVTOOLS__: false },
  build: { outDir: "../src/tongxin/host/files/phone", emptyOutDir: true, target: "es2022", modulePreload: { polyfill: false } },
});
