// A page as a short text for a chat group: its title, its sentence, what its sections count and the first rows of the tables
// that are marked for it, in whole lines, with the address; at most 500 characters.
"use strict";
(() => {
  const MOST = 500, ROWS = 5;
  const said = (node) => node.innerText.replace(/\s+/g, " ").trim();

  function lines() {
    const content = document.getElementById("content");
    const found = [...content.querySelectorAll("h1, .sentence, section > h2, [data-copied-rows] tbody tr")];
    const rows = new Map();
    return found.filter((node) => {
      if (node.tagName !== "TR") return true;
      const table = node.closest("table"), before = rows.get(table) || 0;
      rows.set(table, before + 1);
      return before < ROWS;
    }).map((node) => node.tagName === "TR"
      ? [...node.querySelectorAll("td:not([data-not-copied])")].map(said).filter(Boolean).join(" ") : said(node)).filter(Boolean);
  }

  function shortText(button) {
    const kept = [`${button.dataset.mark}${button.dataset.incident} ${button.dataset.at}`];
    for (const line of lines()) {
      if ([...kept, line, location.href].join("\n").length > MOST) break;
      kept.push(line);
    }
    return [...kept, location.href].join("\n").slice(0, MOST);
  }

  async function copy(button) {
    const text = shortText(button);
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = button.dataset.label; }, 4000);
    } catch { // plain HTTP, or not allowed: the text is shown, marked, to be copied by hand
      const dialog = document.getElementById("short");
      const field = dialog.querySelector("textarea");
      field.value = text;
      dialog.showModal();
      field.focus();
      field.select();
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-short]");
    if (button) copy(button);
  });
})();
