/**
 * input[type=password][data-password]: a button next to it shows and hides what is typed; with data-strength also a hint
 * how hard it is to guess. The hint is advice: the server decides what is refused.
 */
const NAMES = ["不易猜到的程度：低，建议再长一些", "不易猜到的程度：中，再长几位更好", "不易猜到的程度：高"];

/** 0 to 2, from the length and the variety; repeated and consecutive characters count once. */
export function strength(password) {
  const codes = [...password].map((character) => character.codePointAt(0));
  const fresh = codes.filter((code, i) => i === 0 || Math.abs(code - codes[i - 1]) > 1);
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/].filter((kind) => kind.test(password)).length;
  const bits = Math.min(fresh.length, new Set(codes).size + 4) * (2 + kinds);
  return bits < 30 ? 0 : bits < 52 ? 1 : 2;
}

function hintFor(input) {
  const hint = document.createElement("p");
  hint.className = "pw-strength";
  hint.setAttribute("aria-live", "polite");
  input.addEventListener("input", () => {
    const missing = 8 - [...input.value].length;
    hint.textContent = !input.value ? "" : missing > 0 ? `还需 ${missing} 位` : NAMES[strength(input.value)];
  });
  return hint;
}

function enhance(input) {
  const active = document.activeElement === input;
  const box = document.createElement("div");
  const button = document.createElement("button");
  const show = (visible) => {
    input.type = visible ? "text" : "password";
    button.textContent = visible ? "隐藏" : "显示";
    button.setAttribute("aria-label", `${button.textContent}密码`);
  };
  box.className = "pw";
  button.type = "button";
  button.className = "pw-toggle";
  button.addEventListener("click", () => show(input.type === "password"));
  input.replaceWith(box);
  box.append(input, button);
  if (active) input.focus();
  if ("strength" in input.dataset) box.after(hintFor(input));
  // A visible password would be kept by the browser among the suggestions for ordinary fields.
  input.form?.addEventListener("submit", () => show(false));
  show(false);
}

document.querySelectorAll("input[type=password][data-password]").forEach(enhance);
