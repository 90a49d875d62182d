// A challenge to the class: match a bent line by hand, or reach the lowest loss within so many epochs.
import { element, write } from "../core/dom";
import * as nets from "../core/net/net";
import * as i18n from "../core/text/i18n";
import * as numbers from "../core/text/numbers";
import type { Weights } from "../core/types";
import * as fitSection from "../fit/fit";
import { drawing, HEIGHT, path, scale, WIDTH } from "./drawing";
import type { Place, RoomView } from "./types";

const words = i18n.spoken;
const PAD = 8;
const scoreOf = (value: number | null) => numbers.fixed(value, 4);

const nameOf = ({ name, seat }: Place, room: RoomView) =>
  seat === room.seat ? i18n.t("class.you") : name || i18n.t("class.student", { seat });
const ranking = (room: RoomView, places: Place[]) => {
  const rows = places.map((place) => {
    const cells = [String(place.place), nameOf(place, room), scoreOf(place.score)].map((text) =>
      element("td", {}, text),
    );
    return element("tr", { className: place.seat === room.seat ? "mine" : "" }, ...cells);
  });
  return element("table", { className: "class-ranking" }, element("tbody", {}, ...rows));
};

// --- the line to match ---------------------------------------------------------------------------
// How far apart the bent lines are: the root mean square difference of the logits at `x`.
export const distance = (found: number[], wanted: number[]) =>
  Math.sqrt(found.reduce((sum, z, i) => sum + (z - wanted[i]) ** 2, 0) / found.length);

type Paint = (now: fitSection.Ready) => void;
// The two lines, and how far apart they are while the weights are moved.
const lines = (target: Weights, score: Element): { node: Element; paint: Paint } => {
  const node = drawing();
  const paint = ({ data, net, frame }: fitSection.Ready) => {
    const x = data.curveX;
    const wanted = nets.logit(target, x);
    const found = frame?.p ? nets.logit(frame.p, x, net) : (frame?.curve ?? wanted);
    const at = scale(x[0], x[x.length - 1], PAD, WIDTH - PAD);
    const room = 0.3 * (Math.max(...wanted) - Math.min(...wanted) || 1);
    const up = scale(Math.min(...wanted) - room, Math.max(...wanted) + room, HEIGHT - PAD, PAD);
    const line = (values: number[], name: string) => path(x.map(at), values.map(up), name);
    node.replaceChildren(line(wanted, "target"), line(found, "mine"));
    write(score, i18n.t("class.own_match", { score: scoreOf(distance(found, wanted)) }));
  };
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", i18n.t("class.match_label"));
  node.setAttribute("aria-describedby", "class-score");
  return { node, paint };
};

// --- what the panel shows --------------------------------------------------------------------------
let paint: Paint | null = null; // while a line is to be matched

export const key = ({ challenge }: RoomView) => challenge;

export const show = (room: RoomView): Element[] => {
  const { challenge } = room;
  paint = null;
  if (!challenge) return [];
  const { kind, epochs, target, own } = challenge;
  const shown: Element[] = [
    words("h3", `class.challenge_${kind}`),
    words("p", `class.task_${kind}`, { className: "hint" }, { epochs: numbers.whole(epochs) }),
  ];
  const score = element(
    "p",
    { id: "class-score", className: "class-score" },
    i18n.t(`class.own_${kind}`, { score: scoreOf(own) }),
  );
  if (target) {
    const made = lines(target, score);
    shown.push(made.node);
    paint = made.paint;
    const now = fitSection.now();
    if (fitSection.isReady(now)) paint(now);
  }
  shown.push(score);
  if (challenge.ranking.length) shown.push(ranking(room, challenge.ranking));
  return shown;
};

export const start = () => fitSection.onChange((now) => paint?.(now));
