/**
 * [data-every="pick"]: a box that ticks all boxes of that name on the page, or none. Hidden without scripts.
 */
for (const label of document.querySelectorAll("[data-every]")) {
  const all = label.querySelector("input");
  const boxes = [...document.querySelectorAll(`input[type="checkbox"][name="${label.dataset.every}"]`)];
  const show = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  };
  all.addEventListener("change", () => boxes.forEach((box) => (box.checked = all.checked)));
  for (const box of boxes) box.addEventListener("change", show);
  window.addEventListener("pageshow", show); // the back button keeps the ticks
  label.hidden = boxes.length === 0;
}
