// Sends requests for loss grids to the web worker.

import type { NetDescription, Points } from "../../core/types";
import { assetUrl } from "../../core/urls";
import type { Plane } from "./loss-grid";

// The losses at the places (as[i], bs[j]) of a plane; a coarse grid is soon there.
export type Job = { net: NetDescription; plane: Plane; as: Float64Array; bs: Float64Array; coarse: boolean };
type Request = { job: Job; data: Points };
// To the worker and from it; `points` are sent only where they are other ones.
export type Question = { id: number; job: Job; points: { x: Float64Array; y: Float64Array } | null };
export type Reply = { id: number; loss: Float64Array; ms: number };
type OnGrid = (job: Job, loss: Float64Array, ms: number) => void;

// Returns request(job, data), whose answer `onGrid` gets. A newer request cancels a fine grid; a coarse
// one is waited for, so that a drag always sees something. Of those that wait, only the newest is
// computed.
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
    if (answer.id !== id || !busy) return; // of a request that came too late to be cancelled
    const job = busy;
    busy = null;
    if (waiting) {
      const next = waiting;
      waiting = null;
      send(next);
    }
    onGrid(job, answer.loss, answer.ms);
  };
  return (job: Job, data: Points) => {
    if (busy?.coarse) waiting = { job, data };
    else send({ job, data });
  };
};
