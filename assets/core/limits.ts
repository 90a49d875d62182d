// What the server accepts. It writes these limits into the page (pwlapp/ui/limits.py).
import { byId } from "./dom";

type Name = "seed" | "epochs" | "hidden" | "seeds" | "points";

export const limits: {
  ranges: Record<Name, { code: string; min: number; max: number }>;
  max_param: number;
  max_lr: number;
  max_label: number; // characters
  max_file: number; // bytes
  max_body: number; // bytes, of a request
  max_link: number; // characters
  activations: string[];
  losses: string[];
  min_gain: number; // MIN_GAIN of plateaus.py
  lessons: string[]; // their ids
  optimizers: Record<string, { lr: number }>; // with their default hyperparameters
} = JSON.parse(byId("limits").textContent);

// The message with which the server would refuse this number, or null if it is allowed.
export const refusal = (name: Name, value: number) => {
  const { code, ...args } = limits.ranges[name];
  return Number.isInteger(value) && value >= args.min && value <= args.max ? null : { code, args };
};
export const allows = (name: Name, value: number) => refusal(name, value) === null;
