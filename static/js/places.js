/**
 * An address in input[data-places] is proposed down to the county while one types: 和平 offers 辽宁省沈阳市和平区. The list
 * is fetched when the field is reached for the first time; the browser shows it (<datalist>).
 */
for (const input of document.querySelectorAll("[data-places]")) {
  const offer = async () => {
    const answer = await fetch("/apply/places").catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const list = Object.assign(document.createElement("datalist"), { id: `${input.id}-places` });
    list.append(...(await answer.json()).map((value) => Object.assign(document.createElement("option"), { value })));
    input.after(list);
    input.setAttribute("list", list.id);
  };
  input.addEventListener("focus", offer, { once: true });
}
