// A CSV file of one's own: picked or dropped here, read by the server when it is to be used.
import { element } from "../../core/dom";
import { limits } from "../../core/limits";
import * as i18n from "../../core/text/i18n";
import { t } from "../../core/text/i18n";
import type { Message } from "../../core/types";
import * as fitControls from "../../fit/controls";

const EXAMPLE = "x,y\n-1,0\n-0.6,0\n-0.4,1\n-0.2,1\n0,1\n0.3,1\n0.5,0\n0.7,1\n1,0\n";

const base64 = (file: File) =>
  new Promise<string>((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(file);
  });

// The place to drop a file in `host`.
export const create = (host: HTMLElement, onPick: () => void) => {
  let file: File | null = null;
  let message: Message | null = null;

  const input = element("input", {
    type: "file",
    id: "data-file",
    accept: ".csv,.txt,.tsv,text/csv",
    className: "visually-hidden",
  });
  const words = element("span", { className: "data-file-name" });
  const drop = element("label", { className: "data-drop", htmlFor: "data-file" }, words);
  const complaint = element("p", { className: "complaint", id: "data-file-complaint" });
  complaint.setAttribute("role", "alert");
  const hint = i18n.spoken("span", "csv.hint");
  const example = i18n.spoken("a", "csv.example", {
    download: "points.csv",
    className: "link",
    href: `data:text/csv;charset=utf-8,${encodeURIComponent(EXAMPLE)}`,
  });
  host.append(input, drop, element("p", { className: "hint" }, hint, " ", example), complaint);

  const show = () => {
    words.textContent = file ? t("csv.picked", { name: file.name }) : t("csv.drop");
    complaint.textContent = message ? fitControls.sentence("error", message) : "";
  };
  const complain = (error: Message | null) => {
    message = error;
    show();
  };
  const pick = (picked?: File) => {
    if (!picked) return;
    file = picked;
    const isTooBig = file.size > limits.max_file;
    complain(isTooBig ? { code: "data_too_big", args: { limit_mb: limits.max_file / 1e6 } } : null);
    if (isTooBig) file = null;
    show();
    onPick();
  };
  input.addEventListener("change", () => {
    pick(input.files?.[0]);
    input.value = ""; // so that the same file, corrected, can be picked again
  });
  for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
    drop.addEventListener(type, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", type === "dragenter" || type === "dragover");
    });
  }
  drop.addEventListener("drop", ({ dataTransfer }) => pick(dataTransfer?.files[0]));
  i18n.onLanguage(show);
  show();

  return {
    isEmpty: () => !file,
    // What the verb "upload" is sent; null where there is no file yet.
    body: async () => file && { name: file.name, base64: await base64(file) },
    complain,
  };
};
