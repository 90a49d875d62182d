// The session's undo history on the server. Its `depth` is the number of steps that the server can undo. Each step of
// the page stores the depth before and after it; undo and redo take the server to that depth.
import { send, state } from "../session";

const WAIT_MS = 3000;
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

// The version of the state when weights were last sent, and the depth that the server will have once it has recorded
// them.
let sent: { version: number; depth: number } | null = null;

const unrecorded = () => (sent?.version === state?.version ? sent : null);

// The depth, including weights that the server has not recorded yet.
export const depth = (): number => unrecorded()?.depth ?? state?.can_undo ?? 0;

// Call this when weights are sent, which become the server's next step. Returns the depth before that step.
export const sending = (): number => {
  const before = depth();
  if (state) sent = { version: state.version, depth: before + 1 };
  return before;
};

// Undo or redo on the server until its depth is `wanted`, or until it has no more steps.
export const goTo = async (wanted: number) => {
  for (let waited = 0; unrecorded() && waited < WAIT_MS; waited += 20) await pause(20);
  for (let last = Number.NaN; ; ) {
    const have = state?.can_undo;
    if (have === undefined || have === wanted || have === last) return;
    last = have;
    const answer = await send(have > wanted ? "undo" : "redo");
    if (answer.error) throw answer.error; // Fit shows it
  }
};
