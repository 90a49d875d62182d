// Dash renders radio buttons and checkboxes as the options of a listbox. Screen readers then announce the
// option and skip the input inside it. So these roles are removed; the layout puts a role on the element
// around them.
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
