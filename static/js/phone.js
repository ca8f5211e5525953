/**
 * [data-phone], the page for one paper on a phone. upload.js sends the picture piece by piece. Once it is accepted, the
 * page says so ([data-phone-done]), and what to improve. A picture that is refused can be taken again. The page for all
 * papers has no such end: its rows are shown again, as on the computer.
 */
const box = document.querySelector("[data-phone]");
const done = document.querySelector("[data-phone-done]");

box.addEventListener("uploaded", (event) => {
  if (!done) return;
  event.preventDefault(); // there is no row here to reload
  for (const note of event.detail.notes ?? []) {
    const line = document.createElement("p");
    line.className = "warn";
    line.textContent = `这张图片${note}`;
    done.querySelector("[data-notes]").append(line);
  }
  box.remove();
  done.hidden = false;
  const title = document.querySelector("h1");
  title.textContent = "已上传";
  title.focus();
});

/** When the time is over the page says so, unless a picture is being sent. */
function end() {
  if (!box.isConnected) return;
  if (box.querySelector(".uploads li")) setTimeout(end, 10_000);
  else location.reload();
}
setTimeout(end, Number(box.dataset.seconds) * 1000 + 1000);
