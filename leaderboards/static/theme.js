// The switch between light and dark. Without a choice the page follows the system.
(function () {
  "use strict";
  const root = document.documentElement;
  const KEY = "bokehbench-theme";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      return window.localStorage.getItem(KEY);
    } catch (error) {
      return null; // some browsers keep nothing for pages opened as files
    }
  }

  function keep(theme) {
    try {
      window.localStorage.setItem(KEY, theme);
    } catch (error) {
      /* then the choice holds for this page alone */
    }
  }

  function useChosen() {
    const theme = chosen();
    if (theme === "light" || theme === "dark") {
      root.dataset.theme = theme;
    }
  }

  function isDark() {
    const theme = root.dataset.theme;
    return theme ? theme === "dark" : dark.matches;
  }

  window.bokehbench = window.bokehbench || {};
  window.bokehbench.isDark = isDark;
  root.classList.remove("no-script");
  useChosen();

  document.addEventListener("DOMContentLoaded", function () {
    const button = document.querySelector("[data-theme-switch]");

    function tell() {
      button.textContent = isDark() ? "Light" : "Dark";
      button.setAttribute("aria-label", isDark() ? "Switch to light colours" : "Switch to dark colours");
    }

    function changed() {
      tell();
      document.dispatchEvent(new CustomEvent("themechange"));
    }

    button.hidden = false;
    button.addEventListener("click", function () {
      root.dataset.theme = isDark() ? "light" : "dark";
      keep(root.dataset.theme);
      changed();
    });
    dark.addEventListener("change", changed);
    window.addEventListener("pageshow", function (event) {
      if (event.persisted) { // come back to, after a choice on another page perhaps
        useChosen();
        changed();
      }
    });
    tell();
  });
})();
