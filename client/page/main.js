"use strict";
/* Puts the sections on the page, and what is around them. */

function drawPage() {
  const main = document.getElementById("main");
  const nav = document.getElementById("nav");
  main.replaceChildren();
  for (const part of sections) {
    if (!part.has(run)) continue;
    const section = make("section", { id: part.id, class: part.title ? null : "hero", "aria-labelledby": part.title ? part.id + "-title" : null });
    if (part.title) {
      section.append(make("h2", { id: part.id + "-title" }, part.title));
      if (part.lead) section.append(make("p", { class: "lead" }, part.lead));
      nav.append(make("a", { href: "#" + part.id }, part.title));
    }
    main.append(section);
    part.draw(section, run);
  }
}

function drawFoot() {
  const save = make("button", { type: "button", class: "quiet", on: { click: () => {
    const link = make("a", { download: "asyncdemo-" + (run.run_id ?? run.schema.replace("asyncdemo-", "")) + ".json",
      href: URL.createObjectURL(new Blob([document.getElementById("data").textContent], { type: "application/json" })) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  } } }, "Save the data of this page as JSON");
  document.getElementById("foot").append(run.program ?? "asyncdemo", run.run_id ? ", run " + run.run_id : "", " ", save);
}

/* auto follows the system; what is chosen is remembered where that is allowed. */
function listenToTheme() {
  const button = document.getElementById("theme");
  const themes = ["auto", "light", "dark"];
  const remember = (theme) => { try { localStorage.setItem("asyncdemo-theme", theme); } catch { /* a page from a file may not */ } };
  let theme = "auto";
  const show = () => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    document.documentElement.style.colorScheme = theme === "auto" ? "light dark" : theme;
    button.textContent = "Theme: " + theme;
  };
  try { theme = themes.includes(localStorage.getItem("asyncdemo-theme")) ? localStorage.getItem("asyncdemo-theme") : "auto"; } catch { /* likewise */ }
  button.addEventListener("click", () => { theme = themes[(themes.indexOf(theme) + 1) % 3]; remember(theme); show(); });
  show();
}

listenToTheme();
drawPage();
drawFoot();
