// Requests loss grids from the web worker.

import type { NetDescription, Points } from "../../core/types";
import { assetUrl } from "../../core/urls";
import type { Plane } from "./loss-grid";

// A grid to compute: the losses at the places (as[i], bs[j]) of a plane. A coarse grid takes little time.
export type Job = { net: NetDescription; plane: Plane; as: Float64Array; bs: Float64Array; coarse: boolean };
type Request = { job: Job; data: Points };
// The messages to and from the worker. `points` is null if the worker has them already.
export type Question = { id: number; job: Job; points: { x: Float64Array; y: Float64Array } | null };
export type Reply = { id: number; loss: Float64Array };
type OnGrid = (job: Job, loss: Float64Array) => void;

// Returns a function that requests a grid; `onGrid` receives the answer. A new request cancels a fine grid, but waits
// for a coarse one, so that results appear during a drag. Of the waiting requests, only the newest is computed.
export const create = (onGrid: OnGrid) => {
  const worker = new Worker(assetUrl("worker"), { type: "module" });
  let known: Points | null = null; // the data that the worker has
  let id = 0;
  let busy: Job | null = null; // the job that is being computed
  let waiting: Request | null = null;

  const send = ({ job, data }: Request) => {
    id += 1;
    busy = job;
    const points = data === known ? null : { x: Float64Array.from(data.x), y: Float64Array.from(data.y) };
    known = data;
    const question: Question = { id, job, points };
    worker.postMessage(question);
  };
  worker.onmessage = ({ data: answer }: MessageEvent<Reply>) => {
    if (answer.id !== id || !busy) return; // the answer to a cancelled request
    const job = busy;
    busy = null;
    if (waiting) {
      const next = waiting;
      waiting = null;
      send(next);
    }
    onGrid(job, answer.loss);
  };
  return (job: Job, data: Points) => {
    if (busy?.coarse) waiting = { job, data };
    else send({ job, data });
  };
};
