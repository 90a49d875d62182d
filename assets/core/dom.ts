// The layout's elements.

// The element with this id. The layout is Dash's, so its kind is the caller's to know.
export const byId = (id: string): any => document.getElementById(id);

// Let an element say `text`. What says so already is left alone, and another text goes into the text
// node that is there: a new node costs a layout of the page, even with the same words.
export const write = (node: Node, text: unknown) => {
  const words = String(text);
  if (node.textContent === words) return;
  const { firstChild } = node;
  if (firstChild instanceof Text && firstChild === node.lastChild) firstChild.data = words;
  else node.textContent = words;
};
