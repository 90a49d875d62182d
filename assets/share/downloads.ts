// Saving a file, and the line on the page that says what became of it.
import { byId, element } from "../core/dom";
import * as i18n from "../core/text/i18n";
import { t } from "../core/text/i18n";
import { type Args, isMessage } from "../core/types";

export type NamedFile = { name: string; blob: Blob };
export type Say = (key: string | null, args?: Args) => void;

// A line under what was pressed, told anew in another language. A key that begins with "error." is told
// as a complaint; none at all clears the line.
export const status = (id: string): Say => {
  let said: { key: string; args: Args } | null = null;
  const tell = () => {
    byId(id).textContent = said ? t(said.key, said.args) : "";
    byId(id).classList.toggle("error", Boolean(said?.key.startsWith("error.")));
  };
  i18n.onLanguage(tell);
  return (key, args = {}) => {
    said = key === null ? null : { key, args: i18n.readable(args) };
    tell();
  };
};
// Tell what went wrong; an accident of ours is none of it.
export const complain = (say: Say, error: unknown) => {
  if (!isMessage(error)) throw error;
  say(i18n.first(`error.${error.code}`), error.args);
};

export const save = ({ name, blob }: NamedFile) => {
  const href = URL.createObjectURL(blob);
  element("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000); // some browsers take it late
};
