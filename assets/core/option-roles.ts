// Removes the roles "listbox" and "option" that Dash gives to radio buttons and checkboxes: with them, screen readers
// announce the option and skip the input inside it. The layout gives the surrounding element the right role.
const LIST = ".dash-options-list";

const removeRoles = () => {
  for (const node of document.querySelectorAll(`${LIST}, ${LIST}-option`)) {
    node.removeAttribute("role");
    node.removeAttribute("aria-selected");
  }
};

export const start = () => {
  removeRoles();
  const observer = new MutationObserver(removeRoles); // Dash sets aria-selected again at each change
  for (const list of document.querySelectorAll(LIST)) {
    observer.observe(list, { subtree: true, childList: true, attributeFilter: ["aria-selected"] });
  }
};
