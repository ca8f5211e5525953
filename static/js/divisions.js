/**
 * Address selects, and the departments that go with the address.
 *
 * [data-divisions data-url="..."] holds selects with data-division="city", "county" and "street". When one changes, the
 * next one is filled from `url?parent=CODE`, JSON [{"code": "...", "name": "..."}]. The selects after it are emptied;
 * their first option (value "") stays.
 *
 * [data-departments-url] with data-departments-fields="name name ..." is filled with the HTML that the address returns
 * for these questions, whenever one of them changes. A chosen department stays chosen while it is still offered; one
 * that the page proposed ([data-proposed]) does not.
 *
 * Either has the attribute data-coming while its list is on the way.
 *
 * When the network fails, the [data-nojs] buttons (【更新】) of the form come back and do the same by a page load.
 */
import { valuesOf } from "./answers.js";

const LEVELS = ["city", "county", "street"];

function fallBack(form) {
  for (const button of form.querySelectorAll("[data-nojs]")) button.hidden = false;
}

function refill(select, divisions) {
  const first = select.options[0]?.value === "" ? [select.options[0]] : [];
  select.replaceChildren(...first, ...divisions.map(({ code, name }) => new Option(name, code)));
  select.value = "";
}

async function children(url, parent, signal) {
  const address = new URL(url, location.href);
  address.searchParams.set("parent", parent);
  const response = await fetch(address, { signal, headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(response.status);
  return response.json();
}

function watchAddress(box) {
  let pending = new AbortController();
  box.addEventListener("change", async ({ target }) => {
    const below = LEVELS.slice(LEVELS.indexOf(target.dataset.division) + 1)
      .map((level) => box.querySelector(`[data-division="${level}"]`))
      .filter(Boolean);
    if (!target.dataset.division || !below.length) return;
    pending.abort();
    const { signal } = (pending = new AbortController());
    for (const select of below) refill(select, []);
    box.toggleAttribute("data-coming", target.value !== "");
    if (!target.value) return;
    try {
      refill(below[0], await children(box.dataset.url, target.value, signal));
    } catch (error) {
      if (error.name !== "AbortError") fallBack(target.form);
    }
    if (!signal.aborted) box.removeAttribute("data-coming");
  });
}

function watchDepartments(box) {
  const form = box.closest("form");
  const names = box.dataset.departmentsFields.split(" ");
  box.addEventListener("change", () => box.querySelector("[data-proposed]")?.removeAttribute("data-proposed"));
  let pending = new AbortController();
  form.addEventListener("change", async ({ target }) => {
    if (!names.includes(target.name)) return;
    pending.abort();
    const { signal } = (pending = new AbortController());
    const address = new URL(box.dataset.departmentsUrl, location.href);
    for (const name of names) for (const value of valuesOf(form, name) ?? []) address.searchParams.append(name, value);
    box.setAttribute("data-coming", "");
    try {
      const response = await fetch(address, { signal });
      if (!response.ok || response.redirected) throw new Error(response.status);
      const fresh = await response.text();
      // of this moment: one may choose among the old ones while these are on the way
      const chosen = new Set([...box.querySelectorAll(":checked:not([data-proposed])")].map((input) => input.value));
      box.innerHTML = fresh; // our own template, escaped there; scripts in it would not run
      for (const input of box.querySelectorAll("input")) {
        if (!chosen.has(input.value)) continue;
        input.checked = true;
        box.querySelector("[data-proposed]")?.removeAttribute("data-proposed");
      }
    } catch (error) {
      if (error.name !== "AbortError") fallBack(form);
    }
    if (!signal.aborted) box.removeAttribute("data-coming");
  });
}

document.querySelectorAll("[data-divisions]").forEach(watchAddress);
document.querySelectorAll("[data-departments-url]").forEach(watchDepartments);
