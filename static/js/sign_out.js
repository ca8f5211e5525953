/** 【退出】 deletes what this device kept (device.js) before the session ends. Half a key goes at once, so the wait is short. */
const PATIENCE = 1500; // ms

for (const form of document.querySelectorAll('form[action="/logout"]')) {
  form.addEventListener("submit", async (event) => {
    if (form.dataset.wiped || !localStorage.getItem("kuaiji-half")) return;
    event.preventDefault();
    form.dataset.wiped = "yes";
    const { wipe } = await import("./device.js");
    await Promise.race([wipe(), new Promise((resolve) => setTimeout(resolve, PATIENCE))]).catch(() => {});
    form.submit();
  });
}
