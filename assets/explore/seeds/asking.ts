// Asks the server for a part of the seeds; and again, while it only asks for patience.
import * as api from "../../core/api";
import type { Answer, NetDescription, Optimizer } from "../../core/types";
import * as fitSection from "../../fit/fit";

// What became of one seed. `start` and `end`: how many units face left and right, before and after.
export type Run = {
  seed: number;
  loss: number;
  curve: number[];
  start: [left: number, right: number];
  end: [left: number, right: number];
  dead: number;
  diverged: boolean;
};
// A part of the seeds, and what was trained; `epochs` are those of the loss curves.
export type Part = { runs: Run[]; epochs: number[]; net: NetDescription; optimizer: Optimizer; data_key: string };
export type Wanted = { first: number | null; count: number | null; epochs: number | null };

const AGAIN_MS = 1000; // when the server is busy, or not yet ready
const PATIENCE: Record<string, number> = { not_ready: 120, busy: 20, server: 5 }; // how often

const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));

type Patience = {
  isOver: () => boolean; // nobody waits for the answer any more
  onWait: (code: string) => void; // why it takes so long
};
export const insist = async (body: Wanted, { isOver, onWait }: Patience): Promise<Answer<Part>> => {
  for (let tries = 0; ; tries++) {
    const answer = await api.command<Part>(fitSection.now().sid, "seeds", body);
    const waitFor = answer.error ? answer.error.code : answer.runs.length ? null : "not_ready";
    if (isOver() || waitFor === null) return answer;
    if (tries >= (PATIENCE[waitFor] ?? 0)) return { error: answer.error ?? { code: waitFor, args: {} } };
    onWait(waitFor);
    await wait(AGAIN_MS);
    if (isOver()) return answer;
  }
};
