// The view "Take home": links, files, pictures, and a lecturer's link.
import * as files from "./files";
import * as lecturer from "./lecturer";
import * as pictures from "./pictures";
import * as runFile from "./run-file";
import * as share from "./share";
import * as sharing from "./sharing";

export const start = () => {
  for (const part of [files, lecturer, pictures, runFile, share, sharing]) part.start();
};
