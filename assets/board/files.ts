// Saves the board as a CSV table, a notebook or a picture.
import * as classApi from "../class/api";
import { formatCode } from "../class/room-status";
import { byId } from "../core/dom";
import * as downloads from "../share/downloads";
import { isChecked } from "./inputs";
import * as picture from "./picture";
import * as state from "./state";

type Kind = "csv" | "notebook" | "picture";

const NAMES: Record<Kind, (code: string) => string> = {
  csv: (code) => `class-${code}.csv`,
  notebook: (code) => `class-${code}.ipynb`,
  picture: (code) => `class-${code}.png`,
};

const make = (kind: Kind): Promise<Blob> => {
  if (kind === "picture") return picture.make(isChecked("board-with-names"));
  return classApi.file(kind, kind === "csv" ? { names: isChecked("board-with-names") } : {});
};

export const start = () => {
  const say = downloads.status("board-saved");
  for (const kind of Object.keys(NAMES) as Kind[]) {
    byId(`board-file-${kind}`).addEventListener("click", async () => {
      const { room } = state;
      if (!room) return;
      const name = NAMES[kind](formatCode(room.code));
      try {
        await downloads.save({ name, blob: await make(kind) });
        say("files.saved", { name });
      } catch (error) {
        downloads.complain(say, error);
      }
    });
  }
};
