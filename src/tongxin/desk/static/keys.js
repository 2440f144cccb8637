// Every act by key: the keys stand on the things themselves (data-key), and ? shows them all. J and K go through the rows of a
// page's tables, Enter opens a row's first link.
"use strict";
(() => {
  const typing = (node) => node.matches("input:not([type=checkbox]), select, textarea");
  const rows = () => [...document.querySelectorAll("#content tbody tr")].filter((row) => row.querySelector("a, button"));

  function step(by) {
    const all = rows(), here = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[here < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, here + by))];
    next?.querySelector("a, button")?.focus();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys]")) document.getElementById("keys").showModal();
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "j" || event.key === "k") { step(event.key === "j" ? 1 : -1); return; }
    if (/^[1-9]$/.test(event.key)) { document.querySelectorAll(".bar nav a")[event.key - 1]?.click(); return; }
    const found = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!found || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    if (found.matches("input")) found.focus();
    else found.click();
  });
})();
