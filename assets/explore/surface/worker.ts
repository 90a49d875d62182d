// The web worker that computes loss grids.
import { lossGrid } from "./loss-grid";
import type { Question, Reply } from "./worker-client";

const SLICE_MS = 8; // the worker computes for this time before it checks for a newer request

let points: Question["points"] = null;
let newest = 0;
const { port1, port2 } = new MessageChannel();
const receiveMessages = () =>
  new Promise((done) => {
    port1.onmessage = done;
    port2.postMessage(null);
  });
self.onmessage = async ({ data: { id, job, points: sent } }: MessageEvent<Question>) => {
  points = sent ?? points;
  if (!points) return;
  newest = id;
  let last = performance.now();
  const steps = lossGrid(job.net, points, job.plane, job.as, job.bs);
  for (;;) {
    const { done, value } = steps.next();
    if (done) {
      const reply: Reply = { id, loss: value };
      return self.postMessage(reply);
    }
    if (performance.now() - last < SLICE_MS) continue;
    await receiveMessages();
    if (id !== newest) return;
    last = performance.now();
  }
};
