/**
 * [data-print-job]: asks its address every second how many sheets are drawn, and shows it. When the work is over, or the
 * address stops answering as it should, the page is loaded again and shows the result.
 */
const EVERY = 1000; // ms
const box = document.querySelector("[data-print-job]");
const bar = box.querySelector("progress");
const said = box.querySelector("[data-said]");

const ask = async () => {
  let answer;
  try {
    answer = await fetch(box.dataset.printJob, { headers: { Accept: "application/json" } });
  } catch {
    setTimeout(ask, 5 * EVERY); // no network: the sheets are drawn all the same
    return;
  }
  const job = answer.ok && !answer.redirected ? await answer.json() : null;
  if (!job || !["waiting", "drawing"].includes(job.state)) {
    location.reload();
    return;
  }
  if (job.state === "drawing" && bar.value !== job.done) {
    bar.value = job.done;
    said.textContent = `已生成 ${job.done} 份，共 ${bar.max} 份。`;
  }
  setTimeout(ask, EVERY);
};

setTimeout(ask, EVERY);
