/**
 * form[data-characters]: says at a text field, while one types, which characters the printed sheet cannot show, and what
 * happens then. Only unusual characters are asked about, at the form's address, and nothing else of the text is sent.
 * A save says the same, so nothing is lost without scripts or without a network.
 */
const PAUSE = 500; // ms
// Every font of ours has these (tests/unit/sheet/test_characters.py); the server decides what prints of the rest.
const USUAL = /[ -~\u3000-\u3002\u3007-\u3011\u3400-\u4db5\u4e00-\u9fa5\u00b7\u2014\u2018\u2019\u201c\u201d\u2026\uff01-\uff5e]/gu;
const TEXT = 'input:not([type]), input[type="text"], textarea';

function watch(form) {
  const told = new Map(); // characters -> what the server says of them
  const timers = new WeakMap();
  const token = form.querySelector("[name=csrf_token]").value;

  async function ask(characters) {
    const body = new URLSearchParams({ characters, csrf_token: token });
    const answer = await fetch(form.dataset.characters, { method: "POST", body });
    if (!answer.ok) throw new Error(String(answer.status));
    return (await answer.json()).note;
  }

  function show(field, note) {
    let line = field.parentElement.querySelector("[data-characters-note]");
    if (!line && !note) return;
    if (!line) {
      line = document.createElement("p");
      line.className = "warn";
      line.dataset.charactersNote = "";
      line.setAttribute("role", "status");
      field.after(line);
    }
    line.hidden = !note;
    line.textContent = note;
  }

  async function look(field) {
    const unusual = [...new Set(field.value.replace(USUAL, ""))].join("").slice(0, 100);
    try {
      if (unusual && !told.has(unusual)) told.set(unusual, await ask(unusual));
    } catch {
      return; // said again when the page is saved
    }
    show(field, told.get(unusual) ?? "");
  }

  form.addEventListener("input", ({ target }) => {
    if (!target.matches(TEXT)) return;
    clearTimeout(timers.get(target));
    timers.set(target, setTimeout(look, PAUSE, target));
  });
  form.querySelectorAll(TEXT).forEach((field) => field.value && look(field));
}

document.querySelectorAll("form[data-characters]").forEach(watch);
