// The layout's elements. What the page cannot do without is found, or an error says what is missing.

type Kind<E extends HTMLElement> = new () => E;

// The element with this id, or null.
export const findById = (id: string) => document.getElementById(id);

// The element with this id, of a kind such as HTMLInputElement. Throws where it is not.
export const byId = <E extends HTMLElement = HTMLElement>(id: string, kind?: Kind<E>): E => {
  const node = findById(id);
  if (!node) throw new Error(`no element #${id}`);
  if (kind && !(node instanceof kind)) throw new Error(`#${id} is a ${node.tagName}, not a ${kind.name}`);
  return node as E;
};

// The first element in `root` that matches. Throws where there is none.
export const query = <E extends Element = HTMLElement>(selector: string, root: ParentNode = document): E => {
  const node = root.querySelector<E>(selector);
  if (!node) throw new Error(`no element ${selector}`);
  return node;
};

// What holds the words of this button: its first element.
export const wordsOf = (id: string) => query("*", byId(id));

// The nearest element around `node`, itself included, that matches. Throws where there is none.
export const ancestor = (node: Element, selector: string): HTMLElement => {
  const found = node.closest<HTMLElement>(selector);
  if (!found) throw new Error(`no ${selector} around ${node.tagName} ${node.id}`);
  return found;
};

// The nearest element around an event's target, itself included, that matches, or null.
export const targetWithin = <E extends Element = HTMLElement>({ target }: Event, selector: string): E | null =>
  target instanceof Element ? target.closest<E>(selector) : null;

// Attributes that are numbers may be given as such.
export type Props<E> = { [name in keyof E]?: E[name] extends string ? string | number : E[name] };

export const element = <T extends keyof HTMLElementTagNameMap>(
  tag: T,
  props: Props<HTMLElementTagNameMap[T]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[T] => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};

// Let an element say `text`. What says so already is left alone, and another text goes into the text
// node that is there: a new node costs a layout of the page, even with the same words.
export const write = (node: Node, text: unknown) => {
  const words = String(text);
  if (node.textContent === words) return;
  const { firstChild } = node;
  if (firstChild instanceof Text && firstChild === node.lastChild) firstChild.data = words;
  else node.textContent = words;
};

// Call `take` with a file that is picked in a file input, or dropped on `host`.
export const onFile = (input: HTMLInputElement, host: HTMLElement, take: (file: File) => void) => {
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file) take(file);
    input.value = ""; // the same file once more is a change as well
  });
  for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
    host.addEventListener(type, (event) => {
      event.preventDefault();
      host.classList.toggle("over", type === "dragenter" || type === "dragover");
    });
  }
  host.addEventListener("drop", ({ dataTransfer }) => {
    const file = dataTransfer?.files[0];
    if (file) take(file);
  });
};
