// The page's clock, its lines about figures that are being renewed or stand still, its undo bar, and what is pressed in a row. The
// clock counts down to midnight in the time that counts (a drill runs faster until its end), without asking the server.
"use strict";
(() => {
  const pad = (n) => String(n).padStart(2, "0");
  const SLOW = 1000, PATIENCE = 7000;
  let node, born, heard = performance.now();

  function shown(at = performance.now()) {
    const { now, factor, until } = node.dataset;
    const passed = at - born;
    const fast = Number(now) + passed * Number(factor);
    if (!until || Number(factor) === 1 || fast <= Number(until)) return fast;
    return Number(until) + (passed - (Number(until) - Number(now)) / Number(factor));
  }

  function tick() {
    const page = document.querySelector("#content[data-now]"), clock = document.querySelector("[data-clock]");
    if (!page) return;
    if (page !== node) { node = page; born = performance.now(); }
    if (clock) count(clock, shown());
    stale();
  }

  function count(clock, moment) {
    const left = Math.max(0, Math.floor((Number(clock.dataset.midnight) - moment) / 1000));
    const hours = Math.floor(left / 3600), minutes = Math.floor(left / 60) % 60;
    clock.querySelector("b").innerHTML = `${hours}:${pad(minutes)}<i>:${pad(left % 60)}</i>`;
    clock.querySelector("time").textContent = time(moment).slice(0, "minutes" in clock.dataset ? 5 : 8);
  }

  const time = (moment) => new Date(moment + 8 * 3600e3).toISOString().slice(11, 19);

  // No answer may come for many reasons (no server, no network, an error, nothing at all): what counts is the last that came. A page
  // that is filled in does not ask.
  function stale() {
    say("[data-stale]", node.hasAttribute("hx-get") && performance.now() - heard > PATIENCE);
  }

  // A line about the figures that stand there, with the time of when they are.
  function say(which, so) {
    const line = document.querySelector(which);
    if (!line || line.hidden !== so) return;
    line.hidden = !so;
    line.querySelector("time").textContent = time(shown(heard));
  }

  // While new figures take their time the old ones stay.
  let slow;
  document.addEventListener("htmx:beforeRequest", () => {
    clearTimeout(slow);
    slow = setTimeout(() => say("[data-loading]", true), SLOW);
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    clearTimeout(slow);
    say("[data-loading]", false);
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
