// The state of the board: the room, its students, and the teacher's choices. The other modules listen to its changes.
import { withoutOutliers } from "../class/question/outliers";
import type { Value } from "../class/types";
import * as painting from "../core/plots/painting";
import * as storage from "../core/storage";
import * as i18n from "../core/text/i18n";
import * as fitData from "../fit/data";
import { arrange, type Group, type View } from "./rows/arrange";
import { type PlotData, plotData, withTarget } from "./rows/curves";
import { apply, type Roster } from "./rows/roster";
import type { BoardRoom, Line, Row } from "./rows/types";

const NAMES = "pwl.board_names";

export const roster: Roster = new Map();
export let room: BoardRoom | null = null;
export let groups: Group[] = []; // the students that are shown, in order
export let chosen: number | null = null; // the seat of the chosen student
export let names = storage.readTab(NAMES) !== "hidden"; // whether the teacher wants to see names
export let lost: string | null = null; // key of the message while there is no connection
export let view: View = { order: "seat", only: null, search: "", here: false };

type Change = "room" | "rows" | "groups" | "chosen" | "data";
const listeners: ((what: Change) => void)[] = [];
export const onChange = (listener: (what: Change) => void) => listeners.push(listener);
const changed = (what: Change) => listeners.forEach((listener) => listener(what));

// --- data -----------------------------------------------------------------------------------------
// By the key of the data; null while they are being loaded.
const loaded = new Map<string, PlotData | null>();
export const plotDataOf = (key: string): PlotData | null => {
  const known = loaded.get(key);
  if (known) return withLineToMatch(known);
  if (known === null) return null;
  loaded.set(key, null);
  fitData.load(key).then(
    (data) => {
      loaded.set(key, plotData(data));
      changed("data");
    },
    () => setTimeout(() => loaded.delete(key), 3000), // so that they are requested again
  );
  return null;
};

// In a challenge to match a line, that line is drawn instead of prob.
let matched = { target: "", of: new WeakMap<PlotData, PlotData>() };
const targetNow = () => {
  const challenge = room?.challenge;
  return challenge?.over ? null : (challenge?.target ?? null);
};
const withLineToMatch = (plain: PlotData): PlotData => {
  const target = targetNow();
  if (!target) return plain;
  if (matched.target !== String(target)) matched = { target: String(target), of: new WeakMap() };
  const made = matched.of.get(plain) ?? withTarget(plain, target);
  matched.of.set(plain, made);
  return made;
};

// Of the data that most students have.
export const mainPlotData = () => {
  const counts = new Map<string, number>();
  for (const { data } of roster.values()) counts.set(data, (counts.get(data) ?? 0) + 1);
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  return most ? plotDataOf(most[0]) : null;
};

// --- students -------------------------------------------------------------------------------------
const REGROUP_MS = 1000; // minimum time between two rearrangements of the tiles

const regroup = () => {
  groups = arrange(roster.values(), view);
  changed("groups");
};
const regroupSoon = painting.throttle(REGROUP_MS, regroup);

export const receive = (line: Line, isFirst = false) => {
  const before = { size: roster.size, target: String(targetNow()) };
  const hasRows = Boolean(line.seats || line.gone?.length);
  if (hasRows) apply(roster, line, isFirst); // before the listeners of the room, which count the students
  if (line.room) {
    room = line.room;
    changed("room");
    if (String(targetNow()) !== before.target) changed("data");
  }
  if (!hasRows) return;
  if (chosen !== null && !roster.has(chosen)) choose(null);
  changed("rows");
  if (isFirst || roster.size !== before.size) regroup();
  else regroupSoon();
};

export const setLost = (words: string | null) => {
  if (lost === words) return;
  lost = words;
  changed("room");
};

// Call this when the room has ended, or the teacher has left it.
export const leave = () => {
  room = null;
  roster.clear();
  chosen = null;
  regroup();
  changed("room");
};

// --- the teacher's choices ------------------------------------------------------------------------
export const setView = (changes: Partial<View>) => {
  view = { ...view, ...changes };
  regroup();
};

export const choose = (seat: number | null) => {
  if (chosen === seat) return;
  chosen = seat;
  changed("chosen");
};

export const showNames = (on: boolean) => {
  names = on;
  storage.writeTab(NAMES, on ? "shown" : "hidden");
  changed("rows");
};

// In projector mode names are never shown.
export const hasNames = () => names && !("projector" in document.documentElement.dataset);

// A student's name on the board, or the seat's number.
export const nameOf = ({ n, name }: Pick<Row, "n" | "name">) =>
  hasNames() && name ? name : i18n.t("class.student", { seat: n });

// The answers that this board shows. While names are hidden, none before they are revealed. `outside` is the number of
// outliers.
export const answers = (): { values: Value[]; outside: number } => {
  const question = room?.question;
  if (!question || !(question.revealed || hasNames())) return { values: [], outside: 0 };
  const values = question.all.map(([, value]) => value);
  if (question.kind !== "number") return { values, outside: 0 };
  return withoutOutliers(
    values.filter((value) => typeof value === "number"),
    question,
  );
};
