// The page's clock and its undo bar. The clock counts down to midnight in the time that counts (a drill runs
// faster until its end), without asking the server.
"use strict";
(() => {
  const pad = (n) => String(n).padStart(2, "0");
  let node, born;

  function shown() {
    const { now, factor, until } = node.dataset;
    const passed = performance.now() - born;
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
    node.querySelector("time").textContent = new Date(moment + 8 * 3600e3).toISOString().slice(11, 19);
  }

  for (const bar of document.querySelectorAll("[data-seconds]")) {
    setTimeout(() => bar.remove(), 1000 * Number(bar.dataset.seconds));
  }

  tick();
  setInterval(tick, 1000);
  document.addEventListener("htmx:afterSwap", tick);
})();
