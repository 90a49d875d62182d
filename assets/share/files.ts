// Code and numbers as files: each has an address on the server, which browsers inside of messengers,
// too, can save.
import * as buildSection from "../build/build";
import { byId, element } from "../core/dom";
import { UNREACHABLE } from "../core/session/api";
import * as i18n from "../core/text/i18n";
import * as fitSection from "../fit/fit";
import { complain, type Say, status } from "./downloads";

const FILES = { script: ".py", notebook: ".ipynb", weights: ".pt", frames: ".csv", data: ".csv", run: ".json" };

const addressOf = (kind: string) => {
  const { sid } = fitSection.now();
  const query = new URLSearchParams({ lang: i18n.language() });
  if (kind === "run") query.set("build", JSON.stringify(buildSection.now()));
  return `export/${encodeURIComponent(sid)}/${kind}?${query}`;
};

// Ask for the file first: what is wrong with it is told here, and not on a page of its own.
const take = async (kind: string, say: Say) => {
  try {
    const href = addressOf(kind);
    const answer = await fetch(href).catch(() => null);
    if (!answer?.ok) throw (await answer?.json().catch(() => null))?.error ?? UNREACHABLE;
    const [, name = kind] = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "") ?? [];
    answer.body?.cancel();
    element("a", { href, download: name }).click();
    say("files.saved", { name });
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
