// A challenge to the class: match a line by hand, or reach the lowest loss within a number of epochs.
import { element, setText } from "../core/dom";
import * as nets from "../core/net/net";
import * as i18n from "../core/text/i18n";
import * as numbers from "../core/text/numbers";
import type { Weights } from "../core/types";
import * as fitSection from "../fit/fit";
import * as lineToMatch from "./line-to-match";
import { resultOf } from "./room-status";
import type { Place, RoomView } from "./types";

const words = i18n.translated;
const scoreOf = (value: number) => numbers.fixed(value, 4);

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
// The distance of two lines: the root mean square difference of their logits.
export const distance = (found: number[], wanted: number[]) =>
  Math.sqrt(found.reduce((sum, z, i) => sum + (z - wanted[i]) ** 2, 0) / found.length);

// The distance of the present net, as text
const distanceText = (target: Weights, { data, net, frame }: fitSection.Ready) => {
  const wanted = nets.logit(target, data.curveX);
  const found = frame?.p ? nets.logit(frame.p, data.curveX, net) : (frame?.curve ?? wanted);
  return i18n.t("class.own_match", { score: scoreOf(distance(found, wanted)) });
};

// --- the panel -------------------------------------------------------------------------------------
let showDistance: ((now: fitSection.Ready) => void) | null = null; // null if there is no line to match

export const key = ({ challenge, spotlight }: RoomView) => challenge && [challenge, spotlight];

export const show = (room: RoomView): Element[] => {
  const { challenge } = room;
  showDistance = null;
  lineToMatch.show((!challenge?.over && challenge?.target) || null);
  if (!challenge) return [];
  const { kind, epochs, target, over } = challenge;
  const task = over ? "class.challenge_over" : `class.task_${kind}`;
  const shown: Element[] = [
    words("h3", `class.challenge_${kind}`),
    words("p", task, { className: "hint" }, { epochs: numbers.whole(epochs) }),
  ];
  const score = element("p", { className: "class-score" }, i18n.t(...resultOf(challenge)));
  // While a student's net is shown, the distance is not that of the net in Fit but the one of the ranking.
  if (target && !over && room.spotlight === null) {
    showDistance = (now) => setText(score, distanceText(target, now));
    const now = fitSection.now();
    if (fitSection.isReady(now)) showDistance(now);
  }
  shown.push(score);
  if (challenge.ranking.length) shown.push(ranking(room, challenge.ranking));
  return shown;
};

// Call this when the class has ended, or the student has left it.
export const clear = () => {
  showDistance = null;
  lineToMatch.show(null);
};

export const start = () => {
  lineToMatch.start();
  fitSection.onChange((now) => showDistance?.(now));
};
