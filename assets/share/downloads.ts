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
    said = key === null ? null : { key, args: i18n.formatArgs(args) };
    tell();
  };
};
// Tell what went wrong; an accident of ours is none of it.
export const complain = (say: Say, error: unknown) => {
  if (!isMessage(error)) throw error;
  say(i18n.firstKey(`error.${error.code}`), error.args);
};

// The address that the server gives a picture; null where it gives none, or where another process of it
// answers, which does not have the picture.
const addressOf = async ({ name, blob }: NamedFile) => {
  try {
    const answer = await fetch(`pictures?${new URLSearchParams({ name })}`, { method: "POST", body: blob });
    const { address } = await answer.json();
    return answer.ok && (await fetch(address, { method: "HEAD" })).ok ? String(address) : null;
  } catch {
    return null;
  }
};

// Browsers inside of messengers save only what has an address on the server: pictures get one.
export const save = async (file: NamedFile) => {
  const address = file.blob.type.startsWith("image/") ? await addressOf(file) : null;
  const href = address ?? URL.createObjectURL(file.blob);
  element("a", { href, download: file.name }).click();
  if (!address) setTimeout(() => URL.revokeObjectURL(href), 60_000); // some browsers take it late
};
