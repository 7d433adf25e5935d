"use strict";
(() => {
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const valueOf = (cell) => {
    if (!cell) return null;
    const text = cell.dataset.v === undefined ? cell.textContent.trim() : cell.dataset.v;
    if (text === "") return null;
    const number = Number(text);
    return Number.isNaN(number) ? text : number;
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : collator.compare(String(a), String(b));

  // What has no value stands last, whichever way the rest is sorted.
  function sort(table, column, direction) {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows, (row, at) => ({ row, at, value: valueOf(row.cells[column]) }));
    rows.sort((a, b) => {
      if (a.value === null || b.value === null) return (a.value === null) - (b.value === null) || a.at - b.at;
      return direction * compare(a.value, b.value) || a.at - b.at;
    });
    place(table, rows.map((each) => each.row));
  }

  // Rows below those that can be seen are laid out when the browser has time, some at a time: nobody waits for them.
  const AT_ONCE = 50;
  const whenIdle = window.requestIdleCallback || ((act) => setTimeout(act, 1));
  const turns = new WeakMap();
  function place(table, rows) {
    rows.forEach((row, at) => row.classList.toggle("later", at >= AT_ONCE));
    table.tBodies[0].replaceChildren(...rows);
    table.parentElement.scrollTop = 0;
    reveal(table, rows);
  }
  function reveal(table, rows) {
    let at = AT_ONCE;
    turns.set(table, rows);
    const some = () => {
      if (turns.get(table) !== rows || at >= rows.length) return;
      for (const end = at + AT_ONCE; at < end && at < rows.length; at += 1) rows[at].classList.remove("later");
      whenIdle(some);
    };
    whenIdle(some);
  }

  function sortable(table) {
    table.tHead.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      const head = button.closest("th");
      const before = head.getAttribute("aria-sort");
      const first = head.dataset.first === "descending" ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const now = before === first ? other : first;
      for (const each of head.parentElement.cells) if (each.querySelector("button")) each.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", now);
      sort(table, head.cellIndex, now === "ascending" ? 1 : -1);
    });
  }
  document.querySelectorAll("table[data-sortable]").forEach(sortable);

  const openAll = () => document.querySelectorAll("details").forEach((each) => { each.open = true; });
  window.addEventListener("beforeprint", openAll);

  const table = document.querySelector("#learners table");
  if (!table) return;
  const form = document.querySelector("#filter");
  form.hidden = false;
  const said = document.querySelector("#shown");
  const body = table.tBodies[0];
  const start = Array.from(body.rows);
  reveal(table, start);
  let all = null;
  const read = () => start.map((row) => ({
    row,
    text: row.cells[0].textContent.toLowerCase(),
    states: row.dataset.s.split(" "),
    share: row.dataset.p === "" ? null : Number(row.dataset.p),
  }));

  function filter() {
    all = all || read();
    const words = form.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const state = form.state.value;
    const low = form.low.value === "" ? null : Number(form.low.value);
    const high = form.high.value === "" ? null : Number(form.high.value);
    let shown = 0;
    for (const each of all) {
      const fits =
        words.every((word) => each.text.includes(word)) &&
        (state === "" || each.states.includes(state)) &&
        (low === null || (each.share !== null && each.share >= low)) &&
        (high === null || (each.share !== null && each.share <= high));
      each.row.hidden = !fits;
      shown += fits;
    }
    said.value = shown === all.length ? `All ${all.length} learners are shown.` : `${shown} of ${all.length} learners are shown.`;
  }
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => {
    for (const head of table.tHead.rows[0].cells) if (head.querySelector("button")) head.setAttribute("aria-sort", "none");
    place(table, start.slice());
    setTimeout(() => { filter(); show(""); });
  });

  // With several exercises the table shows their marks, or the topics of one.
  const data = JSON.parse(document.querySelector("#exercises").textContent);
  const overview = { head: Array.from(table.tHead.rows[0].cells), cells: new Map() };
  function show(wanted) {
    const head = table.tHead.rows[0];
    if ((table.dataset.shows || "") === wanted) return;
    if (!overview.cells.size) for (const row of start) overview.cells.set(row, Array.from(row.cells));
    table.dataset.shows = wanted;
    for (const each of overview.head) if (each.querySelector("button")) each.setAttribute("aria-sort", "none");
    if (wanted === "") {
      head.replaceChildren(...overview.head);
      for (const [row, cells] of overview.cells) row.replaceChildren(...cells);
      return;
    }
    const chosen = data.map((each, at) => ({ ...each, at })).filter((each) => wanted === "*" || each.id === wanted);
    const heads = chosen.flatMap((each) =>
      each.topics.map((title) => heading(`${wanted === "*" ? `${each.id} ` : ""}${title} %`)),
    );
    const marks = wanted === "*" ? 1 : 2 + chosen[0].at;
    head.replaceChildren(overview.head[0], overview.head[marks], ...heads);
    for (const [row, cells] of overview.cells) {
      const told = row.dataset.t.split(";");
      const topics = chosen.flatMap((each) => {
        const values = told[each.at] ? told[each.at].split(" ") : [];
        return each.topics.map((_, number) => share(values[number]));
      });
      row.replaceChildren(cells[0], cells[marks], ...topics);
    }
  }
  function heading(title) {
    const th = document.createElement("th");
    const button = document.createElement("button");
    th.scope = "col";
    th.className = "n";
    th.dataset.first = "descending";
    th.setAttribute("aria-sort", "none");
    button.type = "button";
    button.textContent = title;
    th.append(button);
    return th;
  }
  function share(value) {
    const td = document.createElement("td");
    if (value === undefined || value === "-") {
      td.className = "soft";
      td.dataset.v = "";
      td.textContent = "–";
    } else {
      td.className = "h" + Math.min(4, Math.floor(Number(value) / 20));
      td.textContent = value;
    }
    return td;
  }
  if (form.exercise) form.exercise.addEventListener("change", () => show(form.exercise.value));
})();
