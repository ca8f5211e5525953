/**
 * [data-register-job]: asks its address every second how far the work is. When it is over, or the address stops answering
 * as it should, the page is loaded again and shows the result.
 */
const EVERY = 1000; // ms
const box = document.querySelector("[data-register-job]");
const bar = box.querySelector("progress");

const ask = async () => {
  let answer;
  try {
    answer = await fetch(box.dataset.registerJob, { headers: { Accept: "application/json" } });
  } catch {
    setTimeout(ask, 5 * EVERY); // no network: the work goes on all the same
    return;
  }
  const job = answer.ok && !answer.redirected ? await answer.json() : null;
  if (!job?.under_way) {
    location.reload();
    return;
  }
  bar.value = job.done;
  setTimeout(ask, EVERY);
};

setTimeout(ask, EVERY);
