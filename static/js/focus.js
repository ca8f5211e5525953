/** Moves the focus to the first [data-focus] (an error summary with tabindex="-1"), so that it is read out first. */
document.querySelector("[data-focus]").focus();
