// Runs before anything is painted, so that nobody who chose a theme sees the other one first. Not a module for that.
try {
  const theme = JSON.parse(localStorage.getItem("sfumato.theme"));
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is blocked: the system's theme holds.
}
