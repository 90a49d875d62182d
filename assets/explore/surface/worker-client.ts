// Sends requests for loss grids to the web worker.
import { address } from "../../core/addresses";

// Returns request(job, data): `onGrid(job, loss, ms)` is called with the answer. A newer request
// cancels a fine grid; a coarse one, which is soon there, is waited for, so that a drag always
// sees something. Of those that wait, only the newest is computed.
export const create = (onGrid) => {
  const worker = new Worker(address("worker"), { type: "module" });
  let known = null; // the data that the worker has
  let id = 0;
  let busy = null; // the job that is being computed
  let waiting = null;

  const send = ({ job, data }) => {
    id += 1;
    busy = job;
    const points = data === known ? null : { x: Float64Array.from(data.x), y: Float64Array.from(data.y) };
    known = data;
    worker.postMessage({ id, job, points });
  };
  worker.onmessage = ({ data: answer }) => {
    if (answer.id !== id) return; // of a request that came too late to be cancelled
    const job = busy;
    busy = null;
    if (waiting) {
      const next = waiting;
      waiting = null;
      send(next);
    }
    onGrid(job, answer.loss, answer.ms);
  };
  return (job, data) => {
    if (busy?.coarse) waiting = { job, data };
    else send({ job, data });
  };
};
