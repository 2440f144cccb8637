import { createApp } from "vue";
import App from "./App.vue";
import { start } from "./device/phone";

createApp(App).mount("#app");
void start();
