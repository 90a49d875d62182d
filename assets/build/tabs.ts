// Rows of tabs. The Tab key reaches the selected tab, the arrow keys the others.
import { targetWithin } from "../core/dom";

export const of = (row: HTMLElement) => [...row.querySelectorAll<HTMLElement>(".tab")];

// Select a tab of a row by a click or an arrow key.
export const listen = (row: HTMLElement, choose: (tab: HTMLElement) => void) => {
  const tabs = of(row);
  const select = (tab: HTMLElement) => {
    for (const each of tabs) {
      each.setAttribute("aria-selected", String(each === tab));
      each.tabIndex = each === tab ? 0 : -1;
    }
    choose(tab);
  };
  row.addEventListener("click", (event) => {
    const tab = targetWithin(event, ".tab");
    if (tab) select(tab);
  });
  row.addEventListener("keydown", (event) => {
    const at = tabs.indexOf(document.activeElement as HTMLElement);
    const move = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const tab = move ? tabs.at((at + move) % tabs.length) : undefined;
    if (!tab) return;
    select(tab);
    tab.focus();
  });
};
