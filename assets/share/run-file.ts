// A run as a file, and back: the session with its weights, the frames, and Build.

import * as buildSection from "../build/build";
import * as api from "../core/api";
import { byId, element } from "../core/dom";
import { t } from "../core/i18n";
import { limits } from "../core/limits";
import type { FrameRow } from "../core/types";
import * as fitSection from "../fit/fit";
import * as files from "./files";
import * as sharing from "./sharing";

const FORMAT = 1;
let say; // in the line under the picker

const wrong = (code, args = {}) => ({ code, args });

export const make = async () => {
  const { sid } = fitSection.now();
  const saved = await sharing.saved();
  const { frames } = await api.get<{ frames: FrameRow[] }>(`frames/${encodeURIComponent(sid)}?since=0`);
  const content = { program: "pwlapp", kind: "run", format: FORMAT, build: buildSection.now(), saved, frames };
  return { name: "pwlapp-run.json", blob: new Blob([JSON.stringify(content)], { type: "application/json" }) };
};

// --- and back ----------------------------------------------------------------------------------
const isRun = (content) => content?.program === "pwlapp" && content.kind === "run";
const isBuild = (build) =>
  Array.isArray(build?.params) &&
  build.params.length === 5 &&
  build.params.every((value) => typeof value === "number" && Math.abs(value) <= limits.max_param) &&
  (build.challenge === null || ["left", "right", "b"].every((name) => Math.abs(build.challenge?.[name]) <= 100));

// What a file holds; throws {code, args}. The server checks `saved`.
export const read = async (file) => {
  if (file.size > limits.max_body) throw wrong("too_big", { limit_mb: limits.max_body / 1e6 });
  let content;
  try {
    content = JSON.parse(await file.text());
  } catch {
    throw wrong(file.name.endsWith(".json") ? "run_damaged" : "run_wrong");
  }
  if (!isRun(content)) throw wrong("run_wrong");
  if (!Number.isInteger(content.format) || content.format < 1) throw wrong("run_damaged");
  if (content.format > FORMAT || content.saved?.format > FORMAT) throw wrong("run_future");
  if (!isBuild(content.build) || typeof content.saved !== "object") throw wrong("run_damaged");
  return content;
};

const open = async (file) => {
  try {
    const { build, saved, frames } = await read(file);
    await sharing.ready();
    const snapshot = await sharing.replace({ build, fit: { kind: "weights", saved, frames } });
    const same = saved.data_key === snapshot.data_key;
    say(same ? "runfile.opened" : "runfile.other_data", { epoch: snapshot.epoch });
  } catch (error) {
    files.complain(say, error);
  }
};

export const start = () => {
  say = files.status("share-import-status");
  const host = byId("share-import");
  const input = element("input", {
    type: "file",
    id: "run-file",
    accept: ".json,application/json",
    className: "visually-hidden",
  });
  // the browser's own words on such a field are in the browser's language
  const choose = element("label", { className: "button", htmlFor: "run-file", textContent: t("runfile.choose") });
  choose.dataset.t = "runfile.choose";
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (file) await open(file);
    input.value = ""; // the same file once more is a change as well
  });
  const hint = element("p", { className: "hint", textContent: t("runfile.drop") });
  hint.dataset.t = "runfile.drop";
  host.append(input, choose, hint);
  for (const name of ["dragenter", "dragover"]) {
    host.addEventListener(name, (event) => {
      event.preventDefault();
      host.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) host.addEventListener(name, () => host.classList.remove("over"));
  host.addEventListener("drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) open(file);
  });
};
