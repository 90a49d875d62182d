// The import dialog: shows how the server has read a file, and lets the user choose how it should be read.
import { element } from "../../core/dom";
import { limits } from "../../core/limits";
import * as i18n from "../../core/text/i18n";
import { t } from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import type { Answer, Message } from "../../core/types";

export type Role = "x" | "y" | "prob";
// How to read a file; Choices in pwlapp/core/data/choices.py. The server detects each property that is absent or null.
export type Choices = {
  encoding?: string | null;
  separator?: string | null;
  decimal?: string | null;
  sheet?: string | null;
  header?: boolean | null;
  drop_gaps?: boolean;
  thin?: boolean;
} & Partial<Record<Role, number | null>>;
// Import.preview in the same file
export type Preview = {
  found: Choices & Record<Role, number>;
  is_sure: boolean;
  problems: Message[];
  names: string[];
  sheets: string[];
  rows: [line: number, ...cells: string[]][];
  numbers: Partial<Record<Role, (number | null)[]>>;
  n_rows: number;
  n_gaps: number;
  n_points: number;
};
export type ReadFile = (choices: Choices) => Promise<Answer<{ preview: Preview }>>;

const ROLES: Role[] = ["x", "y", "prob"];
const NO_COLUMN = -1;
const MARKS = [".", ","];
const ENCODINGS = ["utf_8", "cp949", "cp1252", "utf_16"];
const SEPARATORS: Record<string, string> = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space" };
// The choices on which the file's columns depend
const CHANGES_COLUMNS = ["encoding", "separator", "sheet", "header"] as const;
const SELECTS = ["sheet", "separator", "decimal", "encoding", ...ROLES] as const;
const CHECKS = ["header", "drop_gaps", "thin"] as const;
type SelectName = (typeof SELECTS)[number];
type CheckName = (typeof CHECKS)[number];
type Option = [value: string | number, words: string];

const select = (name: SelectName) => {
  const input = element("select", { id: `import-${name}` });
  const node = element("label", { className: "field" }, i18n.translated("span", `import.${name}`), input);
  // If `value` is not one of the options, a first option "choose" is selected.
  const show = (options: Option[], value: string | number | null | undefined) => {
    const open: Option[] = options.some(([each]) => each === value) ? [] : [["", t("import.choose")]];
    const shown = [...open, ...options].map(([each, words]) => element("option", { value: each, textContent: words }));
    input.replaceChildren(...shown);
    input.value = open.length ? "" : String(value);
    node.hidden = !options.length;
  };
  return { input, node, show };
};

const check = (name: CheckName) => {
  const input = element("input", { type: "checkbox", id: `import-${name}` });
  const words = element("span");
  const node = element("label", { className: "import-check" }, input, words);
  const show = (checked: boolean, text: string) => {
    input.checked = checked;
    words.textContent = text;
  };
  return { input, node, show };
};

// An object with `make(name)` for each name.
const byName = <N extends string, T>(names: readonly N[], make: (name: N) => T) =>
  Object.fromEntries(names.map((name) => [name, make(name)])) as Record<N, T>;

// " = 1000" beside the cell "1,000": the number that was read, if it is written differently
const readAs = (text: string, value: number | null | undefined) =>
  value === undefined || text === String(value) ? "" : ` = ${value ?? "?"}`;

const table = ({ names, rows, found, numbers: read }: Preview) => {
  const roleOf = (column: number) => ROLES.find((role) => found[role] === column);
  const heads = names.map((name, k) => {
    const role = roleOf(k);
    const badge = role ? [element("b", {}, role), " "] : [];
    return element("th", { scope: "col", className: role ? "used" : "" }, ...badge, name);
  });
  const lines = rows.map(([line, ...cells], row) => {
    const fields = names.map((_, k) => {
      const [text, role] = [cells[k] ?? "", roleOf(k)];
      const value = role && read[role]?.[row];
      const className = role ? `used${value === null ? " gap" : ""}` : "";
      return element("td", { className }, text, element("small", {}, role ? readAs(text, value) : ""));
    });
    return element("tr", {}, element("th", { scope: "row" }, String(line)), ...fields);
  });
  const head = element("tr", {}, element("td"), ...heads);
  return [element("thead", {}, head), element("tbody", {}, ...lines)];
};

// Make the dialog. Its button calls `onUse` with the user's choices.
export const create = (onUse: (choices: Choices) => void) => {
  const selects = byName(SELECTS, select);
  const checks = byName(CHECKS, check);
  const title = i18n.translated("h2", "import.title", { id: "import-title" });
  const fileName = element("p", { className: "hint" });
  const problems = element("p", { className: "complaint", id: "import-problems", role: "alert" });
  const rows = element("table");
  const view = element("div", { className: "import-rows", role: "region", tabIndex: 0 }, rows);
  i18n.label(view, "import.rows");
  const count = element("output", { id: "import-count" });
  const useChoices = () => {
    const { x, y, prob } = preview.found;
    dialog.close();
    onUse({ ...picked, x, y, prob }); // `picked` lacks the columns that the server proposed
  };
  const use = i18n.button("dataset.use", useChoices, { id: "import-use", className: "button primary" });
  const close = i18n.button("import.close", () => dialog.close(), { id: "import-close" });
  const dialog = element(
    "dialog",
    { className: "help import", id: "import" },
    title,
    fileName,
    element("div", { className: "import-fields" }, ...SELECTS.map((name) => selects[name].node)),
    checks.header.node,
    view,
    problems,
    checks.drop_gaps.node,
    checks.thin.node,
    element("div", { className: "import-go" }, use, close, count),
  );
  dialog.setAttribute("aria-labelledby", "import-title");
  document.body.append(dialog);

  let readFile: ReadFile;
  let picked: Choices = {};
  let preview: Preview;
  let lastRequest = 0;

  const showSelects = () => {
    const { found, names, sheets } = preview;
    const columns = names.map((name, k): Option => [k, name || t("import.column", { n: k + 1 })]);
    const isText = found.separator !== null;
    const encodings = ENCODINGS.includes(found.encoding ?? "utf_8") ? ENCODINGS : [...ENCODINGS, found.encoding ?? ""];
    const separators = Object.entries(SEPARATORS).map(([each, name]): Option => [each, t(`import.separator_${name}`)]);
    selects.sheet.show(sheets.length > 1 ? sheets.map((name) => [name, name]) : [], found.sheet);
    selects.separator.show(isText ? separators : [], found.separator);
    selects.encoding.show(isText ? encodings.map((each) => [each, t(`import.encoding_${each}`)]) : [], found.encoding);
    const marks = MARKS.map(
      (mark): Option => [mark, t(mark === "." ? "import.decimal_point" : "import.decimal_comma")],
    );
    selects.decimal.show(marks, found.decimal);
    for (const role of ROLES) {
      selects[role].show(role === "prob" ? [[NO_COLUMN, t("import.none")], ...columns] : columns, found[role]);
    }
  };

  const show = () => {
    const { found, n_rows, n_gaps, n_points } = preview;
    showSelects();
    const rest = n_rows - (found.drop_gaps ? n_gaps : 0);
    const most = limits.ranges.points.max;
    checks.header.show(Boolean(found.header), t("import.header"));
    checks.drop_gaps.show(Boolean(found.drop_gaps), t("import.drop_gaps", { n: numbers.whole(n_gaps) }));
    checks.thin.show(Boolean(found.thin), t("import.thin", { n: numbers.whole(rest), max: numbers.whole(most) }));
    checks.drop_gaps.node.hidden = !n_gaps;
    checks.thin.node.hidden = rest <= most;
    rows.replaceChildren(...table(preview));
    showProblems(preview.problems);
    count.textContent = t("import.points", { n: numbers.whole(n_points) });
  };
  const showProblems = (messages: Message[]) => {
    problems.textContent = messages.map((each) => i18n.sentence("error", each)).join(" ");
    use.disabled = messages.length > 0;
  };

  const choose = async (changes: Choices) => {
    picked = { ...picked, ...changes };
    const request = ++lastRequest;
    use.disabled = true;
    const answer = await readFile(picked);
    if (request !== lastRequest) return;
    if (answer.error) return showProblems([answer.error]);
    preview = answer.preview;
    show();
  };

  const chosenOf = (name: SelectName) => {
    const { value } = selects[name].input;
    return ROLES.some((role) => role === name) ? Number(value) : value;
  };
  for (const name of SELECTS)
    selects[name].input.addEventListener("change", () => choose(changed(name, chosenOf(name))));
  for (const name of CHECKS) {
    checks[name].input.addEventListener("change", () => choose(changed(name, checks[name].input.checked)));
  }

  return {
    // Show how the file `name` was read; `read` reads it again with other choices.
    open: (name: string, first: Preview, read: ReadFile) => {
      [readFile, preview, picked] = [read, first, {}];
      lastRequest++;
      fileName.textContent = name;
      show();
      dialog.showModal();
      const undecided = SELECTS.find((each) => selects[each].input.value === "" && !selects[each].node.hidden);
      if (undecided) selects[undecided].input.focus();
    },
  };
};

// The properties that a choice changes. Null: the server then has to detect the property again.
export const changed = (name: keyof Choices, value: string | number | boolean): Choices => {
  const anew = { decimal: null, x: null, y: null, prob: null };
  return { ...(CHANGES_COLUMNS.some((each) => each === name) ? anew : {}), [name]: value };
};
