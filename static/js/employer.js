/**
 * A whole 统一社会信用代码 in input[data-employer] fills the fields of the employer that are still empty with what the
 * platform knows of it. Without scripts 【更新】 does the same. In a change the code of another employer also replaces what
 * is still as it was saved: it says what the former employer was.
 */
import { asListsCome, valuesOf } from "./answers.js";

const code = document.querySelector("[data-employer]");
const { form } = code;
const said = Object.assign(document.createElement("p"), { className: "hint" });
said.setAttribute("role", "status");
code.after(said);
let asked = "";

/** Sets one answer; false while its list does not offer it yet (counties follow the city). */
function put(name, value) {
  const inputs = [...form.elements].filter((input) => input.name === name);
  const input = inputs.find((one) => one.type === "radio" && one.value === value) ?? inputs[0];
  if (input.type === "radio") input.checked = input.value === value;
  else input.value = value;
  const holds = input.type === "radio" ? input.checked : input.value === value;
  if (holds) input.dispatchEvent(new Event("change", { bubbles: true }));
  return holds;
}

const isAsSaved = (input) =>
  input.selectedOptions
    ? [...input.options].every((option) => option.selected === option.defaultSelected)
    : input.checked === input.defaultChecked && input.value === input.defaultValue;

/** May the platform answer this? It is empty, or it says what was saved of another employer. */
function isOpen(name, typed) {
  if (!valuesOf(form, name)?.length) return true;
  const isOther = code.defaultValue !== "" && code.defaultValue !== typed;
  return isOther && [...form.elements].filter((input) => input.name === name).every(isAsSaved);
}

/** What is still open, as its lists come; what a person answers meanwhile stays. */
async function fill(told, typed) {
  let left = told;
  await asListsCome(form, () => (left = left.filter(([name, value]) => isOpen(name, typed) && !put(name, value))).length);
}

async function ask() {
  const typed = code.value.replace(/\s/g, "");
  if (typed.length !== 18 || typed === asked) return;
  asked = typed;
  const answer = await fetch(`/apply/department/employer?code=${encodeURIComponent(typed)}`).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const told = Object.entries(await answer.json()).filter(([name]) => isOpen(name, typed));
  if (!told.length) return;
  await fill(told, typed);
  said.textContent = "已按代码填入单位信息，请核对；不对的可以直接修改。";
  code.dispatchEvent(new Event("input", { bubbles: true })); // the draft follows
}

code.addEventListener("input", ask);
if (code.value !== code.defaultValue) ask(); // typed before this script was there
