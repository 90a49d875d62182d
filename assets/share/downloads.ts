// Saves files, and shows the result in a status line.
import { byId, element } from "../core/dom";
import * as i18n from "../core/text/i18n";
import { t } from "../core/text/i18n";
import { type Args, isMessage } from "../core/types";

export type NamedFile = { name: string; blob: Blob };
export type Say = (key: string | null, args?: Args) => void;

// Returns a function that shows a message in the element `id`. The text changes with the language. Keys that begin
// with "error." are shown as errors; null clears the line.
export const status = (id: string): Say => {
  let message: { key: string; args: Args } | null = null;
  const show = () => {
    byId(id).textContent = message ? t(message.key, message.args) : "";
    byId(id).classList.toggle("error", Boolean(message?.key.startsWith("error.")));
  };
  i18n.onLanguage(show);
  return (key, args = {}) => {
    message = key === null ? null : { key, args: i18n.formatArgs(args) };
    show();
  };
};
// Show an error that is a message for the user. Any other error is a bug, and is thrown again.
export const complain = (say: Say, error: unknown) => {
  if (!isMessage(error)) throw error;
  say(i18n.firstKey(`error.${error.code}`), error.args);
};

// Upload a picture; resolves to its URL. Null if the server refuses the picture, or if the URL does not work because
// another server process answers it.
const upload = async ({ name, blob }: NamedFile) => {
  try {
    const answer = await fetch(`pictures?${new URLSearchParams({ name })}`, { method: "POST", body: blob });
    const { address } = await answer.json();
    return answer.ok && (await fetch(address, { method: "HEAD" })).ok ? String(address) : null;
  } catch {
    return null;
  }
};

// In-app browsers of messengers can save only files that have a URL on the server, so pictures are uploaded.
export const save = async (file: NamedFile) => {
  const address = file.blob.type.startsWith("image/") ? await upload(file) : null;
  const href = address ?? URL.createObjectURL(file.blob);
  element("a", { href, download: file.name }).click();
  if (!address) setTimeout(() => URL.revokeObjectURL(href), 60_000); // some browsers read it with a delay
};
