// Dash writes radio buttons and boxes to tick as the options of a listbox. A screen reader takes an
// option for all there is and hides the button in it, so these roles are removed; the radio buttons'
// group is the element around them.
const LIST = ".dash-options-list";

const mend = () => {
  for (const node of document.querySelectorAll(`${LIST}, ${LIST}-option`)) {
    node.removeAttribute("role");
    node.removeAttribute("aria-selected");
  }
};

export const start = () => {
  mend();
  const watcher = new MutationObserver(mend); // Dash writes aria-selected at each change
  for (const list of document.querySelectorAll(LIST)) {
    watcher.observe(list, { subtree: true, childList: true, attributeFilter: ["aria-selected"] });
  }
};
