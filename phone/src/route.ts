/** Where the person is: the part of the address behind “#/”. */

import { computed, ref } from "vue";

export type Route =
  | { readonly screen: "tonight" }
  | { readonly screen: "join"; readonly code: string }
  | { readonly screen: "form"; readonly duty: string }
  | { readonly screen: "saved"; readonly record: string };

const hash = ref(location.hash);
addEventListener("hashchange", () => {
  hash.value = location.hash;
  scrollTo(0, 0);
});

export const route = computed(() => routeOf(hash.value));

/** Read an address; what leads nowhere leads to the first screen. */
export function routeOf(text: string): Route {
  const [path = "", query = ""] = text.replace(/^#?\/?/, "").split("?");
  const [screen, id] = path.split("/");
  if (screen === "join") return { screen, code: new URLSearchParams(query).get("code") ?? "" };
  if (screen === "form" && id) return { screen, duty: id };
  if (screen === "saved" && id) return { screen, record: id };
  return { screen: "tonight" };
}

/** Go to a screen; `instead` of this one, which the way back then leaves out. */
export function go(to: string, instead = false): void {
  if (!instead) location.hash = `#/${to}`;
  else {
    history.replaceState(null, "", `#/${to}`);
    hash.value = location.hash;
    scrollTo(0, 0);
  }
}
