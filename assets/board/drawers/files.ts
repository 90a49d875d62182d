// Saves the board as a CSV table, a notebook or a picture.
import * as classApi from "../../class/api";
import { formatCode } from "../../class/room-status";
import { byId } from "../../core/dom";
import * as downloads from "../../share/downloads";
import * as files from "../../share/files";
import { isChecked } from "../inputs";
import * as state from "../state";
import * as picture from "./picture";

type Kind = "csv" | "notebook" | "picture";
const KINDS: Kind[] = ["csv", "notebook", "picture"];

const save = async (kind: Kind, say: downloads.Say) => {
  const { room } = state;
  if (!room) return;
  const withNames = isChecked("board-with-names");
  if (kind !== "picture") return files.download(classApi.fileAt(kind, withNames), say);
  const name = `class-${formatCode(room.code)}.png`;
  await downloads.save({ name, blob: await picture.make(withNames) });
  say("files.saved", { name });
};

export const start = () => {
  const say = downloads.status("board-saved");
  for (const kind of KINDS) byId(`board-file-${kind}`).addEventListener("click", () => save(kind, say));
};
