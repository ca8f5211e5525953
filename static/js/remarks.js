/**
 * Says at its field what the rules of the server find while one types: the event `remarks` of a form (draft.js) has the
 * messages by question. They only say so; what must be mended is refused by 【下一步】. A message leaves when it is mended.
 */
/** The box by which one says that a code is right although its check character is not. */
function confirm(form, name) {
  const field = form.querySelector("[data-employer]")?.closest(".field");
  if (!field || form.elements[name]) return;
  const label = Object.assign(document.createElement("label"), { className: "check" });
  const box = Object.assign(document.createElement("input"), { type: "checkbox", name, value: "yes", className: "form-check-input" });
  label.dataset.remark = name;
  label.append(box, "校验位不对，我已与证照核对");
  field.append(label);
}

function place(form, name, text) {
  if (name === "employer_code_confirmed") return confirm(form, name);
  const input = form.querySelector(`[name="${CSS.escape(name)}"], [name="${CSS.escape(name)}-year"]`);
  const field = input?.closest(".field");
  if (!field || field.closest("[hidden]") || field.querySelector(".err")) return;
  const said = field.querySelector("[data-remark]") ?? document.createElement("p");
  if (said.textContent === text) return;
  Object.assign(said, { className: "warn", textContent: text });
  said.dataset.remark = name;
  said.setAttribute("role", "status");
  field.append(said);
}

for (const form of document.querySelectorAll("form[data-draft-url]")) {
  form.addEventListener("remarks", ({ detail }) => {
    for (const said of form.querySelectorAll("[data-remark]")) {
      if (!(said.dataset.remark in detail) && !said.querySelector(":checked")) said.remove();
    }
    for (const [name, text] of Object.entries(detail)) place(form, name, text);
  });
}
