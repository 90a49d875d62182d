// The server's history of the session, as the page's own steps use it: each notes how many steps the
// server had before it, and asks to go back there.
import { send, state } from "./session";

const WAIT_MS = 3000;
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

let sent: { version: number; depth: number } | null = null; // {version, depth}: weights on their way to the server, and the steps it has after them

const underWay = () => (sent?.version === state?.version ? sent : null);

// How many steps the server has, those that are on their way to it included.
export const depth = (): number => underWay()?.depth ?? state?.can_undo ?? 0;

// The page sends weights, which become the server's next step. Returns the number of steps before it.
export const sending = (): number => {
  const before = depth();
  if (state) sent = { version: state.version, depth: before + 1 };
  return before;
};

// Undo or redo on the server until it has so many steps to undo, or has no more.
export const goTo = async (wanted: number) => {
  for (let waited = 0; underWay() && waited < WAIT_MS; waited += 20) await pause(20);
  for (let last = Number.NaN; ; ) {
    const have = state?.can_undo;
    if (have === undefined || have === wanted || have === last) return;
    last = have;
    const answer = await send(have > wanted ? "undo" : "redo");
    if (answer.error) throw answer.error; // Fit has told it
  }
};
