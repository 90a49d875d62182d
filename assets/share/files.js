// Code and numbers as files: made by the server, saved by the browser.
(() => {
  const pwl = (window.pwl ??= {});
  const byId = (id) => document.getElementById(id);
  const { element } = pwl.weights;
  const { t } = pwl.i18n;
  const FILES = { script: ".py", notebook: ".ipynb", weights: ".pt", frames: ".csv", data: ".csv", run: ".json" };
  let said = null; // {key, args}

  const save = (name, blob) => {
    const href = URL.createObjectURL(blob);
    element("a", { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000); // some browsers take it late
  };

  const say = (key, args = {}) => {
    said = { key, args };
    byId("share-files-status").textContent = t(key, args);
  };

  const fromServer = async (kind) => {
    const { sid } = pwl.fit.now();
    const answer = await fetch(`export/${encodeURIComponent(sid)}/${kind}?lang=${pwl.i18n.language()}`);
    if (!answer.ok) throw (await answer.json()).error;
    const [, name] = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"));
    return { name, blob: await answer.blob() };
  };

  const take = async (kind) => {
    try {
      const { name, blob } = await (kind === "run" ? pwl.runFile.make() : fromServer(kind));
      save(name, blob);
      say("files.saved", { name });
    } catch (error) {
      say(pwl.i18n.first(`error.${error.code}`, "error.server"), error.args);
    }
  };

  const start = () => {
    for (const [kind, ending] of Object.entries(FILES)) {
      const label = element("span", { textContent: t(`files.${kind}`) });
      label.dataset.t = `files.${kind}`;
      const about = element("p", { className: "hint", textContent: t(`files.${kind}_about`) });
      about.dataset.t = `files.${kind}_about`;
      const button = element("button", { type: "button", id: `files-${kind}`, className: "button" },
        label, " ", element("code", {}, ending));
      button.addEventListener("click", () => take(kind));
      byId("share-files").append(element("div", { className: "share-file" }, button, about));
    }
    pwl.i18n.onLanguage(() => said && say(said.key, said.args));
  };

  pwl.files = { save };
  (pwl.parts ??= []).push({ start });
})();
