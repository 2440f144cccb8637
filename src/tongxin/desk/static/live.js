// A page that asks for itself again must not pull anything from under a hand: what is new waits while the pointer is on a row,
// while something inside has the focus or stands open, and while what was just done can still be undone. A button keeps the focus
// after a click, which is no hand on it: only where the focus shows it counts.
"use strict";
(() => {
  const line = () => document.querySelector("[data-held]");
  const HANDS = "tbody tr:hover, :focus:not(button), button:focus-visible, details[open], dialog[open], .undo";
  const inUse = () => document.querySelector(`#content :is(${HANDS})`) || String(getSelection()) !== "";

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "content" || event.detail.xhr.status !== 200) return;
    const held = Boolean(inUse());
    if (held) event.detail.shouldSwap = false;
    if (line()) line().hidden = !held;
  });
})();
