// Upload of a file: the user picks or drops it, and the server sends a preview of how it reads the file. If something
// is ambiguous, the import dialog asks the user.

import { element, onFile } from "../../core/dom";
import { limits } from "../../core/limits";
import * as api from "../../core/session/api";
import * as i18n from "../../core/text/i18n";
import { t } from "../../core/text/i18n";
import { isMessage, type Message } from "../../core/types";
import * as fitSection from "../../fit/fit";
import type { Choices, Preview, ReadFile } from "./import-dialog";

const ACCEPTED = ".csv,.txt,.tsv,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const base64 = (file: File) =>
  new Promise<string>((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(file);
  });

type Picked = { name: string; base64: string; preview: Preview; choices: Choices | null };

// Make the drop area in `host`. `onPick` is called when the picked file changes, `onUse` by the dialog's button.
export const create = (host: HTMLElement, onPick: () => void, onUse: () => void) => {
  let file: Picked | null = null; // `choices` is null until the user has answered the dialog
  let reading: string | null = null; // the name of the file that the server is previewing
  let message: Message | null = null;
  let dialog: ReturnType<typeof import("./import-dialog").create> | undefined;

  const input = element("input", { type: "file", id: "data-file", accept: ACCEPTED, className: "visually-hidden" });
  const words = element("span", { className: "data-file-name" });
  const drop = element("label", { className: "data-drop", htmlFor: "data-file" }, words);
  const complaint = element("p", { className: "complaint", id: "data-file-complaint", role: "alert" });
  const hint = i18n.translated("span", "csv.hint");
  const example = i18n.translated("a", "csv.example", {
    download: "points.csv",
    className: "link",
    href: "export/points.csv",
  });
  const openButton = i18n.button("import.open", () => file && openDialog(file), { id: "import-open" });
  host.append(input, drop, element("p", { className: "hint" }, hint, " ", example), openButton, complaint);

  const show = () => {
    if (reading) words.textContent = t("csv.reading", { name: reading });
    else words.textContent = file ? t("csv.picked", { name: file.name }) : t("csv.drop");
    complaint.textContent = message ? i18n.sentence("error", message) : "";
    openButton.hidden = !file;
  };
  const showError = (error: Message | null) => {
    message = error;
    show();
  };

  const openDialog = async ({ name, base64, preview }: Picked) => {
    dialog ??= (await import("./import-dialog")).create((choices) => {
      if (file) file.choices = choices;
      onUse();
    });
    dialog.open(name, preview, previewOf(base64));
  };

  const previewFile = async (picked: File): Promise<Picked> => {
    if (picked.size > limits.max_file) throw { code: "data_too_big", args: { limit_mb: limits.max_file / 1e6 } };
    const content = await base64(picked).catch(() => {
      throw { code: "bad_upload" };
    });
    const answer = await previewOf(content)({});
    if (answer.error) throw answer.error;
    const { preview } = answer;
    return { name: picked.name, base64: content, preview, choices: preview.is_sure ? {} : null };
  };

  const pick = async (picked: File) => {
    [file, reading] = [null, picked.name];
    showError(null);
    onPick();
    let found: Picked | Message;
    try {
      found = await previewFile(picked);
    } catch (error) {
      if (!isMessage(error)) throw error;
      found = error;
    }
    if (reading !== picked.name) return; // another file was picked meanwhile
    reading = null;
    if ("code" in found) showError(found);
    else file = found;
    show();
    onPick();
    if (file && !file.choices) await openDialog(file);
  };
  onFile(input, drop, pick);
  i18n.onLanguage(show);
  show();

  return {
    isEmpty: () => !file,
    // The body of the command "upload". If the user has to answer the import dialog first, opens it and returns null.
    body: async () => {
      if (!file) return null;
      const { name, base64, choices } = file;
      if (choices) return { name, base64, choices };
      await openDialog(file);
      return null;
    },
    showError,
  };
};

const previewOf =
  (base64: string): ReadFile =>
  (choices) =>
    api.command<{ preview: Preview }>(fitSection.now().sid, "preview", { base64, choices });
