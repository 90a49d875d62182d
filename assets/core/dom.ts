// Finds and makes elements. An element that the page needs but lacks is an error.

type Kind<E extends HTMLElement> = new () => E;

// The element with this id, or null.
export const findById = (id: string) => document.getElementById(id);

// The element with this id, of a kind such as HTMLInputElement. Throws if there is none.
export const byId = <E extends HTMLElement = HTMLElement>(id: string, kind?: Kind<E>): E => {
  const node = findById(id);
  if (!node) throw new Error(`no element #${id}`);
  if (kind && !(node instanceof kind)) throw new Error(`#${id} is a ${node.tagName}, not a ${kind.name}`);
  return node as E;
};

// The first element in `root` that matches. Throws if there is none.
export const query = <E extends Element = HTMLElement>(selector: string, root: ParentNode = document): E => {
  const node = root.querySelector<E>(selector);
  if (!node) throw new Error(`no element ${selector}`);
  return node;
};

// The element that holds a Dash button's label: the button's first child.
export const labelOf = (id: string) => query("*", byId(id));

// Like `closest`, but throws if there is no match.
export const ancestor = (node: Element, selector: string): HTMLElement => {
  const found = node.closest<HTMLElement>(selector);
  if (!found) throw new Error(`no ${selector} around ${node.tagName} ${node.id}`);
  return found;
};

// `closest` of an event's target.
export const targetWithin = <E extends Element = HTMLElement>({ target }: Event, selector: string): E | null =>
  target instanceof Element ? target.closest<E>(selector) : null;

// Properties of an element; a number is accepted where the DOM has a string, such as `min`.
export type Props<E> = { [name in keyof E]?: E[name] extends string ? string | number : E[name] };

export const element = <T extends keyof HTMLElementTagNameMap>(
  tag: T,
  props: Props<HTMLElementTagNameMap[T]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[T] => {
  const node = Object.assign(document.createElement(tag), props);
  if (props.role) node.setAttribute("role", String(props.role)); // Firefox has the property only since version 119
  node.append(...children);
  return node;
};

export const markInvalid = (field: Element, isInvalid: boolean) => {
  if (isInvalid) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
};

// Set an element's text. Unlike `textContent =`, this keeps the text node: a new node causes a layout of the
// page, even if its text is the same.
export const setText = (node: Node, value: unknown) => {
  const text = String(value);
  if (node.textContent === text) return;
  const { firstChild } = node;
  if (firstChild instanceof Text && firstChild === node.lastChild) firstChild.data = text;
  else node.textContent = text;
};

// Call `listener` with each file that is chosen in a file input or dropped on `host`.
export const onFile = (input: HTMLInputElement, host: HTMLElement, listener: (file: File) => void) => {
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file) listener(file);
    input.value = ""; // so that choosing the same file again is a change
  });
  for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
    host.addEventListener(type, (event) => {
      event.preventDefault();
      host.classList.toggle("over", type === "dragenter" || type === "dragover");
    });
  }
  host.addEventListener("drop", ({ dataTransfer }) => {
    const file = dataTransfer?.files[0];
    if (file) listener(file);
  });
};
