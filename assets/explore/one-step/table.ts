// The table of weights: gradient, the optimizer's state, and the weight before and after the step.

import * as weights from "../../core/net/weights";
import * as i18n from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import type { OneStep, Table } from "./answer";

type Head = [keyof Table, string]; // a column, and its title: a symbol or a message key

const FIRST: Head[] = [
  ["gradient", "step.head_gradient"],
  ["difference", "step.head_difference"],
];
const MEMORY: Record<string, Head[]> = {
  adam: [
    ["m", "m"],
    ["v", "v"],
    ["m_hat", "m̂"],
    ["v_hat", "v̂"],
  ],
  momentum: [["m", "step.head_buffer"]],
  sgd: [],
};
const LAST: Head[] = [
  ["step", "step.head_step"],
  ["old", "step.head_old"],
  ["new", "step.head_new"],
];

const columnsOf = ({ optimizer }: OneStep): Head[] => {
  const memory = optimizer.kind === "sgd" && optimizer.momentum > 0 ? "momentum" : optimizer.kind;
  return [...FIRST, ...MEMORY[memory], ...LAST];
};

const formatted = (column: keyof Table, found: number | null): string => {
  const value = found ?? Number.NaN;
  return column === "old" || column === "new" ? numbers.fixed(value, 6) : numbers.significant(value, 4);
};

const head = (columns: Head[]): string => {
  const words = ["step.head_weight", ...columns.map(([, title]) => title)];
  const cells = words.map((word) => `<th scope="col">${word.startsWith("step.") ? i18n.t(word) : word}</th>`);
  return `<thead><tr>${cells.join("")}</tr></thead>`;
};

const row = ({ net, listed, table, pull }: OneStep, columns: Head[], i: number): string => {
  const weight = weights.at(net, listed[i]);
  const isChosen = listed[i] === pull.weight;
  const button = `<button type="button" class="link weight-name ${weight.role}" aria-pressed="${isChosen}">${weights.nameOf(weight)}</button>`;
  const cells = columns.map(([column]) => `<td>${formatted(column, table[column][i])}</td>`).join("");
  return `<tr data-weight="${listed[i]}"${isChosen ? ' class="current"' : ""}><th scope="row">${button}</th>${cells}</tr>`;
};

// Show the table. The focus stays on its row.
export const show = (host: HTMLElement, answer: OneStep) => {
  const focused = host.contains(document.activeElement) && document.activeElement?.closest("tr")?.dataset.weight;
  const columns = columnsOf(answer);
  const rows = answer.listed.map((_, i) => row(answer, columns, i)).join("");
  host.innerHTML = `<table class="checkpoints one-step">${head(columns)}<tbody>${rows}</tbody></table>`;
  if (focused) host.querySelector<HTMLElement>(`tr[data-weight="${focused}"] button`)?.focus({ preventScroll: true });
};
