/**
 * Keys that jump in the rows of the officer's page (review.js): s and Shift+s to the next and the previous section, p to the
 * papers, w to the next row that an automatic check warns of or could not decide, f to a row by typing its name or its pinyin initials.
 */
const NONE = "没有这样的内容";

/** The rows whose name has the text, the best ones first: the initials are this, begin so, contain it. */
function found(rows, text) {
  const wanted = text.trim().normalize("NFKC").toLowerCase();
  if (!wanted) return [];
  const rank = (row) => {
    const names = [row.dataset.label.toLowerCase(), row.querySelector("dt").textContent.trim().toLowerCase()];
    const all = [...names, ...(row.dataset.initials ?? "").split(" ")];
    if (all.includes(wanted)) return 0;
    if (all.some((name) => name.startsWith(wanted))) return 1;
    return all.some((name) => name.includes(wanted)) ? 2 : 3;
  };
  return rows
    .filter((row) => row.dataset.row && rank(row) < 3)
    .sort((one, other) => rank(one) - rank(other));
}

/** The field that takes the place of the pane's heading while a name is typed. */
function finder(form, rows, go) {
  const field = Object.assign(document.createElement("input"), { type: "text", autocomplete: "off", hidden: true });
  field.className = "form-control finder";
  field.placeholder = "名称或拼音首字母，回车跳到";
  field.setAttribute("aria-label", "查找填报内容");
  const said = Object.assign(document.createElement("span"), { className: "finder-said", hidden: true });
  said.setAttribute("role", "status");
  form.querySelector("#h-answers").after(field, said);
  let [matches, at, back] = [[], 0, null];

  function look() {
    for (const row of rows) row.classList.toggle("match", row === matches[at]);
    matches[at]?.scrollIntoView({ block: "nearest" });
    const name = matches[at]?.querySelector("dt").textContent.trim();
    said.textContent = name ? `${name}${matches.length > 1 ? `（${at + 1} / ${matches.length}，↓ 下一项）` : ""}` : NONE;
    said.hidden = !field.value.trim();
  }

  function close(to) {
    if (field.hidden) return;
    for (const row of rows) row.classList.remove("match");
    field.hidden = said.hidden = true;
    field.value = "";
    if (to) go(to);
  }

  field.addEventListener("input", () => {
    [matches, at] = [found(rows, field.value), 0];
    look();
  });
  field.addEventListener("blur", () => close());
  field.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.isComposing || event.keyCode === 229) return;
    if (step && matches.length) {
      at = (at + step + matches.length) % matches.length;
      look();
    } else if (event.key === "Enter") {
      if (matches.length) close(matches[at]);
    } else if (event.key === "Escape") close(back);
    else return;
    event.preventDefault();
  });
  return (row) => {
    [matches, at, back] = [[], 0, row];
    field.hidden = false;
    field.focus();
  };
}

export function jumps(form, rows, go, here) {
  const sections = () => [...form.querySelectorAll(".sec")].filter((head) => head.getClientRects().length);
  const firstOf = (head) => [...(head?.nextElementSibling?.children ?? [])].find((row) => row.getClientRects().length);
  const isBefore = (one, other) => Boolean(one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING);
  const find = finder(form, rows, go);
  const warned = new Set([...form.querySelectorAll(".ck a[href^='#row-']")].map((link) => link.hash.slice(1)));
  const sure = new Set([...form.querySelectorAll(".ck li:has(.w) a[href^='#row-']")].map((link) => link.hash.slice(1)));
  for (const row of rows) {
    row.classList.toggle("warned", warned.has(row.id));
    row.classList.toggle("unsure", !sure.has(row.id)); // only what cannot be decided
  }

  function section(step) {
    const row = here();
    const at = row ? sections().findLastIndex((head) => isBefore(head, row)) : -1;
    go(firstOf(sections().at(Math.min(Math.max(0, at + step), sections().length - 1))));
  }

  function warning() {
    const [row, all] = [here(), rows.filter((one) => one.classList.contains("warned"))];
    go(all.find((one) => row && one !== row && isBefore(row, one)) ?? all[0]);
  }

  return {
    s: (_row, event) => section(event.shiftKey ? -1 : 1),
    p: () => go(firstOf(form.querySelector(".sec[data-papers]"))),
    w: warning,
    f: (row) => find(row),
  };
}
