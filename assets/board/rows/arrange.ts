// Filters and sorts the students, and divides them into groups by the outcomes of their nets.
import { OUTCOMES, type Outcome, type Row } from "./types";

export type Order = "seat" | "name" | "loss" | "epoch" | "seed";
// `only`: show only this group; `here`: only students whose page is connected.
export type View = { order: Order; only: Outcome | null; search: string; here: boolean };
export type Group = { outcome: Outcome; rows: Row[] };

const normalized = (text: string) => text.normalize("NFKC").trim().toLowerCase();

// Search by a part of the name, or by the number of the seat: "12" or "#12".
const isFound = ({ n, name }: Row, wanted: string) =>
  !wanted || normalized(name).includes(wanted) || String(n) === wanted.replace(/^#/, "");

type Compare = (a: Row, b: Row) => number;
const last = Number.POSITIVE_INFINITY;
const COMPARE: Record<Order, Compare> = {
  seat: () => 0,
  name: (a, b) => Number(!a.name) - Number(!b.name) || a.name.localeCompare(b.name),
  loss: (a, b) => Math.sign((a.loss ?? last) - (b.loss ?? last)) || 0, // two null losses give NaN
  epoch: (a, b) => b.epoch - a.epoch,
  seed: (a, b) => a.seed - b.seed,
};

// The groups that are not empty. Equal rows are sorted by seat.
export const arrange = (rows: Iterable<Row>, { order, only, search, here }: View): Group[] => {
  const wanted = normalized(search);
  const isShown = (row: Row) => (!only || row.outcome === only) && (!here || row.here) && isFound(row, wanted);
  const shown = [...rows].filter(isShown).sort((a, b) => COMPARE[order](a, b) || a.n - b.n);
  return OUTCOMES.map((outcome) => ({ outcome, rows: shown.filter((row) => row.outcome === outcome) })).filter(
    (group) => group.rows.length > 0,
  );
};
