// Fields that show a link, for copying it.
import { element, type Props } from "../core/dom";
import * as i18n from "../core/text/i18n";

// Make a field, which selects its text when it gets the focus. `key` is of its accessible name.
export const create = (key: string, props: Props<HTMLInputElement>) => {
  const field = element("input", { type: "text", readOnly: true, spellcheck: false, ...props });
  field.addEventListener("focus", () => field.select());
  return i18n.label(field, key);
};

// Copy a field's text; resolves to whether that worked. The clipboard API needs https. On plain http, select the text
// and try the deprecated copy command.
export const copy = async (field: HTMLInputElement) => {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    field.focus();
    field.select();
    return document.execCommand("copy");
  }
};
