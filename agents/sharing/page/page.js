"use strict";
// The page: a tab for each thing to do, made when it is first chosen; #watch-NAME, #fovea-NAME or #match-NAME opens it.

const TABS = { watch: [Watch, "Watch"], fovea: [Fovea, "Be the fovea"], match: [Match, "Play"] };

function openPage() {
  const tabs = document.querySelector("nav"), main = document.querySelector("main");
  for (const page of pages) {
    const ram = new RAM(page, unpackWeights(page.weights));
    for (const kind of page.game ? ["match"] : ["watch", "fovea"]) {
      const [View, title] = TABS[kind], button = make("button", `${title}: ${page.name}`);
      const root = document.getElementById(kind).content.firstElementChild.cloneNode(true);
      root.hidden = true;
      button.dataset.tab = `#${kind}-${page.name}`;
      main.append(root);
      tabs.append(button);
      button.onclick = () => {
        for (const other of main.children) other.hidden = other !== root;
        for (const other of tabs.children) other.setAttribute("aria-pressed", other === button);
        root.view ??= new View(page, ram, root);
        history.replaceState(null, "", button.dataset.tab);
      };
    }
  }
  const asked = Array.from(tabs.children).find((tab) => tab.dataset.tab === decodeURIComponent(location.hash));
  (asked ?? tabs.firstElementChild).click();
}
