// A page that asks for itself again must not pull anything from under a hand: what is new waits while the pointer is on a row,
// while something inside has the focus or stands open, and while what was just done can still be undone.
"use strict";
(() => {
  const line = () => document.querySelector("[data-held]");
  const inUse = () => document.querySelector("#content :is(tbody tr:hover, :focus, details[open], dialog[open], .undo)")
    || String(getSelection()) !== "";

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "content" || event.detail.xhr.status !== 200) return;
    const held = Boolean(inUse());
    if (held) event.detail.shouldSwap = false;
    if (line()) line().hidden = !held;
  });
})();
