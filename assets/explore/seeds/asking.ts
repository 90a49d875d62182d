// Asks the server for a part of the seeds; and again, while it only asks for patience.
import * as api from "../../core/api";
import * as fitSection from "../../fit/fit";

const AGAIN_MS = 1000; // when the server is busy, or not yet ready
const PATIENCE = { not_ready: 120, busy: 20, server: 5 }; // how often

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

// Gives the answer, {runs, ...} or {error}. `isOver()`: nobody waits for it any more; `onWait(code)`
// tells why it takes so long.
export const insist = async (body, { isOver, onWait }) => {
  for (let tries = 0; ; tries++) {
    const answer = await api.command(fitSection.now().sid, "seeds", body);
    const waitFor = answer.error?.code ?? (answer.runs.length ? null : "not_ready");
    if (isOver() || waitFor === null) return answer;
    if (tries >= (PATIENCE[waitFor] ?? 0)) return { error: answer.error ?? { code: waitFor, args: {} } };
    onWait(waitFor);
    await wait(AGAIN_MS);
    if (isOver()) return answer;
  }
};
