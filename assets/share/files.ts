// Downloads of code and numbers. Each has a URL on the server, because in-app browsers of messengers can save only
// such files.
import * as buildSection from "../build/build";
import { byId, element } from "../core/dom";
import * as api from "../core/session/api";
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

// Request the file before the browser opens its URL, so that an error is shown here and not on a new page.
export const download = async (href: string, say: Say) => {
  try {
    const answer = await api.requireOk(api.getResponse(href));
    const [, name = ""] = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "") ?? [];
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
    const label = i18n.translated("span", `files.${kind}`);
    const about = i18n.translated("p", `files.${kind}_about`, { className: "hint" });
    const extension = element("code", {}, ending);
    // A link and not a button, so that a long press on a phone can open it in another browser.
    const link = element("a", { id: `files-${kind}`, className: "button", href: "#share" }, label, " ", extension);
    for (const event of ["focus", "pointerdown"]) {
      link.addEventListener(event, () => {
        link.href = addressOf(kind);
      });
    }
    link.addEventListener("click", (event) => {
      event.preventDefault();
      download(addressOf(kind), say);
    });
    byId("share-files").append(element("div", { className: "share-file" }, link, about));
  }
};
