// Opens a run's file: the session with its weights and frames, and Build's state. The server writes the file (`run` in
// pwlapp/web/downloads.py).
import { byId, element, onFile } from "../core/dom";
import { limits } from "../core/limits";
import { translated } from "../core/text/i18n";
import type { BuildState, FrameRow } from "../core/types";
import * as downloads from "./downloads";
import { isObject, type Saved } from "./link";
import * as sharing from "./sharing";

const FORMAT = 1;
type Run = { build: BuildState; saved: Saved; frames: FrameRow[] };

let say: downloads.Say;

const isWithin = (value: unknown, most: number) => typeof value === "number" && Math.abs(value) <= most;
const isChallenge = (value: unknown) =>
  isObject(value) && ["left", "right", "b"].every((name) => isWithin(value[name], 100));
const isBuild = (value: unknown): value is BuildState =>
  isObject(value) &&
  Array.isArray(value.params) &&
  value.params.length === 5 &&
  value.params.every((each) => isWithin(each, limits.max_param)) &&
  (value.challenge === null || isChallenge(value.challenge));

// The content of a file. Throws a message if it is not a run's file. The server validates session and frames.
export const read = async (file: File): Promise<Run> => {
  if (file.size > limits.max_body) throw { code: "too_big", args: { limit_mb: limits.max_body / 1e6 } };
  let content: unknown;
  try {
    content = JSON.parse(await file.text());
  } catch {
    throw { code: file.name.endsWith(".json") ? "run_damaged" : "run_wrong" };
  }
  if (!isObject(content) || content.program !== "pwlapp" || content.kind !== "run") throw { code: "run_wrong" };
  const { format, build, saved } = content;
  const formats = [format, isObject(saved) ? saved.format : null].map(Number);
  if (!Number.isInteger(format) || formats[0] < 1) throw { code: "run_damaged" };
  if (formats.some((each) => each > FORMAT)) throw { code: "run_future" };
  if (!isBuild(build) || !isObject(saved)) throw { code: "run_damaged" };
  return content as Run;
};

const open = async (file: File) => {
  try {
    const { build, saved, frames } = await read(file);
    await sharing.ready();
    const snapshot = await sharing.replace({ build, fit: { kind: "weights", saved, frames } });
    if (!snapshot) return;
    const same = saved.data_key === snapshot.data_key;
    say(same ? "runfile.opened" : "runfile.other_data", { epoch: snapshot.epoch });
  } catch (error) {
    downloads.complain(say, error);
  }
};

export const start = () => {
  say = downloads.status("share-import-status");
  const host = byId("share-import");
  const input = element("input", {
    type: "file",
    id: "run-file",
    accept: ".json,application/json",
    className: "visually-hidden",
  });
  // A label in the page's language in place of the input's own, which is in the browser's language.
  const choose = translated("label", "runfile.choose", { className: "button", htmlFor: "run-file" });
  onFile(input, host, open);
  host.append(input, choose, translated("p", "runfile.drop", { className: "hint" }));
};
