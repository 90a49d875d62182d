// Code and numbers as files: made by the server, saved by the browser.

import { byId, element } from "../core/dom";
import { UNREACHABLE } from "../core/session/api";
import * as i18n from "../core/text/i18n";
import * as fitSection from "../fit/fit";
import { complain, type NamedFile, type Say, save, status } from "./downloads";
import * as runFile from "./run-file";

const FILES = { script: ".py", notebook: ".ipynb", weights: ".pt", frames: ".csv", data: ".csv", run: ".json" };

const fromServer = async (kind: string): Promise<NamedFile> => {
  const { sid } = fitSection.now();
  const path = `export/${encodeURIComponent(sid)}/${kind}?lang=${i18n.language()}`;
  const answer = await fetch(path).catch(() => null);
  if (!answer?.ok) throw (await answer?.json().catch(() => null))?.error ?? UNREACHABLE;
  const [, name = kind] = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "") ?? [];
  return { name, blob: await answer.blob() };
};

const take = async (kind: string, say: Say) => {
  try {
    const file = await (kind === "run" ? runFile.make() : fromServer(kind));
    save(file);
    say("files.saved", { name: file.name });
  } catch (error) {
    complain(say, error);
  }
};

export const start = () => {
  const say = status("share-files-status");
  for (const [kind, ending] of Object.entries(FILES)) {
    const label = i18n.spoken("span", `files.${kind}`);
    const about = i18n.spoken("p", `files.${kind}_about`, { className: "hint" });
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
