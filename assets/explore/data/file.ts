// A file of one's own: picked or dropped here, looked at by the server, which asks in the import sheet
// where the file leaves something open.

import { element, onFile } from "../../core/dom";
import { limits } from "../../core/limits";
import * as api from "../../core/session/api";
import * as i18n from "../../core/text/i18n";
import { t } from "../../core/text/i18n";
import { isMessage, type Message } from "../../core/types";
import * as fitControls from "../../fit/controls";
import * as fitSection from "../../fit/fit";
import type { Choices, Look, Preview } from "./import-sheet";

const ACCEPTED = ".csv,.txt,.tsv,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const base64 = (file: File) =>
  new Promise<string>((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(file);
  });

type Picked = { name: string; base64: string; preview: Preview; choices: Choices | null };

// The place to drop a file in `host`. `onPick` comes when it was looked at, `onUse` from the sheet.
export const create = (host: HTMLElement, onPick: () => void, onUse: () => void) => {
  let file: Picked | null = null; // `choices` are null until what is open was answered
  let reading: string | null = null; // the name of the file that is being looked at
  let message: Message | null = null;
  let sheet: ReturnType<typeof import("./import-sheet").create> | undefined;

  const input = element("input", { type: "file", id: "data-file", accept: ACCEPTED, className: "visually-hidden" });
  const words = element("span", { className: "data-file-name" });
  const drop = element("label", { className: "data-drop", htmlFor: "data-file" }, words);
  const complaint = element("p", { className: "complaint", id: "data-file-complaint" });
  complaint.setAttribute("role", "alert");
  const hint = i18n.spoken("span", "csv.hint");
  const example = i18n.spoken("a", "csv.example", {
    download: "points.csv",
    className: "link",
    href: "export/points.csv",
  });
  const how = i18n.spoken("button", "import.open", { type: "button", id: "import-open", className: "button" });
  host.append(input, drop, element("p", { className: "hint" }, hint, " ", example), how, complaint);

  const show = () => {
    if (reading) words.textContent = t("csv.reading", { name: reading });
    else words.textContent = file ? t("csv.picked", { name: file.name }) : t("csv.drop");
    complaint.textContent = message ? fitControls.sentence("error", message) : "";
    how.hidden = !file;
  };
  const complain = (error: Message | null) => {
    message = error;
    show();
  };

  const openSheet = async ({ name, base64, preview }: Picked) => {
    sheet ??= (await import("./import-sheet")).create((choices) => {
      if (file) file.choices = choices;
      onUse();
    });
    sheet.open(name, preview, lookAt(base64));
  };
  how.addEventListener("click", () => file && openSheet(file));

  const lookAtFile = async (picked: File): Promise<Picked> => {
    if (picked.size > limits.max_file) throw { code: "data_too_big", args: { limit_mb: limits.max_file / 1e6 } };
    const content = await base64(picked).catch(() => {
      throw { code: "bad_upload" };
    });
    const answer = await lookAt(content)({});
    if (answer.error) throw answer.error;
    const { preview } = answer;
    return { name: picked.name, base64: content, preview, choices: preview.is_sure ? {} : null };
  };

  const pick = async (picked: File) => {
    [file, reading] = [null, picked.name];
    complain(null);
    onPick();
    let found: Picked | Message;
    try {
      found = await lookAtFile(picked);
    } catch (error) {
      if (!isMessage(error)) throw error;
      found = error;
    }
    if (reading !== picked.name) return; // another file was picked meanwhile
    reading = null;
    if ("code" in found) complain(found);
    else file = found;
    show();
    onPick();
    if (file && !file.choices) await openSheet(file);
  };
  onFile(input, drop, pick);
  i18n.onLanguage(show);
  show();

  return {
    isEmpty: () => !file,
    // What the command "upload" is sent; null, and the sheet opens, while there is something to ask.
    body: async () => {
      if (!file) return null;
      const { name, base64, choices } = file;
      if (choices) return { name, base64, choices };
      await openSheet(file);
      return null;
    },
    complain,
  };
};

const lookAt =
  (base64: string): Look =>
  (choices) =>
    api.command<{ preview: Preview }>(fitSection.now().sid, "preview", { base64, choices });
