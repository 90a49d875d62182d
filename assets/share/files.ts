// Code and numbers as files: made by the server, saved by the browser.
import { byId, element } from "../core/dom";
import * as i18n from "../core/i18n";
import { t } from "../core/i18n";
import * as fitSection from "../fit/fit";
import * as runFile from "./run-file";

const FILES = { script: ".py", notebook: ".ipynb", weights: ".pt", frames: ".csv", data: ".csv", run: ".json" };

// A line under what was pressed, told anew in another language. Returns say(key, args): a key that
// begins with "error." is told as a complaint; none at all clears the line.
export const status = (id) => {
  let said = null;
  const tell = () => {
    byId(id).textContent = said ? t(said.key, said.args) : "";
    byId(id).classList.toggle("error", Boolean(said?.key.startsWith("error.")));
  };
  i18n.onLanguage(tell);
  return (key, args = {}) => {
    said = key && { key, args: i18n.readable(args) };
    tell();
  };
};
// Tell what went wrong: {code, args}, or an accident of ours.
export const complain = (say, error) => {
  if (!error.code) throw error;
  say(i18n.first(`error.${error.code}`), error.args);
};

export const save = (name, blob) => {
  const href = URL.createObjectURL(blob);
  element("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000); // some browsers take it late
};

const fromServer = async (kind) => {
  const { sid } = fitSection.now();
  const path = `export/${encodeURIComponent(sid)}/${kind}?lang=${i18n.language()}`;
  const answer = await fetch(path).catch(() => null);
  if (!answer?.ok) throw (await answer?.json().catch(() => null))?.error ?? { code: "server", args: {} };
  const [, name] = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"));
  return { name, blob: await answer.blob() };
};

const take = async (kind, say) => {
  try {
    const { name, blob } = await (kind === "run" ? runFile.make() : fromServer(kind));
    save(name, blob);
    say("files.saved", { name });
  } catch (error) {
    complain(say, error);
  }
};

export const start = () => {
  const say = status("share-files-status");
  for (const [kind, ending] of Object.entries(FILES)) {
    const label = element("span", { textContent: t(`files.${kind}`) });
    label.dataset.t = `files.${kind}`;
    const about = element("p", { className: "hint", textContent: t(`files.${kind}_about`) });
    about.dataset.t = `files.${kind}_about`;
    const button = element(
      "button",
      { type: "button", id: `files-${kind}`, className: "button" },
      label,
      " ",
      element("code", {}, ending),
    );
    button.addEventListener("click", () => take(kind, say));
    byId("share-files").append(element("div", { className: "share-file" }, button, about));
  }
};
