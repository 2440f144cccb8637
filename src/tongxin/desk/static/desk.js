// The page's clock, its line about figures that stand still, its undo bar, and what is pressed in a row. The clock counts down to
// midnight in the time that counts (a drill runs faster until its end), without asking the server.
"use strict";
(() => {
  const pad = (n) => String(n).padStart(2, "0");
  const PATIENCE = 7000;
  let node, born, heard = performance.now();

  function shown(at = performance.now()) {
    const { now, factor, until } = node.dataset;
    const passed = at - born;
    const fast = Number(now) + passed * Number(factor);
    if (!until || Number(factor) === 1 || fast <= Number(until)) return fast;
    return Number(until) + (passed - (Number(until) - Number(now)) / Number(factor));
  }

  function tick() {
    const found = document.querySelector("[data-clock]");
    if (!found) return;
    if (found !== node) { node = found; born = performance.now(); }
    const moment = shown();
    const left = Math.max(0, Math.floor((Number(node.dataset.midnight) - moment) / 1000));
    const hours = Math.floor(left / 3600), minutes = Math.floor(left / 60) % 60;
    node.querySelector("b").innerHTML = `${hours}:${pad(minutes)}<i>:${pad(left % 60)}</i>`;
    node.querySelector("time").textContent = time(moment).slice(0, "minutes" in node.dataset ? 5 : 8);
    stale();
  }

  const time = (moment) => new Date(moment + 8 * 3600e3).toISOString().slice(11, 19);

  // No answer may come for many reasons (no server, no network, an error, nothing at all): what counts is the last that came.
  function stale() {
    const line = document.querySelector("[data-stale]"), still = performance.now() - heard > PATIENCE;
    if (!line || line.hidden !== still) return;
    line.hidden = !still;
    line.querySelector("time").textContent = time(shown(heard));
  }

  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful) return;
    heard = performance.now();
    tick();
  });

  function passing() {
    for (const bar of document.querySelectorAll("[data-seconds]:not([data-passing])")) {
      bar.dataset.passing = "";
      setTimeout(() => bar.remove(), 1000 * Number(bar.dataset.seconds));
    }
  }

  // What is pressed in a row changes there alone. If it is refused, it is sent as a page's form is: that page says why.
  document.addEventListener("htmx:responseError", ({ detail }) => {
    if (detail.elt.matches("form")) detail.elt.submit();
  });

  function look() { tick(); passing(); }

  look();
  setInterval(tick, 1000);
  document.addEventListener("htmx:afterSwap", look);
})();
