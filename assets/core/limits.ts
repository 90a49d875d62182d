// What the server takes, as it says itself in the page (pwlapp/ui/limits.py).
import { byId } from "./dom";

type Name = "seed" | "epochs" | "hidden" | "seeds" | "points";

export const limits: {
  ranges: Record<Name, { code: string; min: number; max: number }>;
  max_param: number;
  max_lr: number;
  max_label: number; // characters
  max_file: number; // bytes, as are those of a body
  max_body: number;
  max_link: number; // characters
  activations: string[];
  losses: string[];
  optimizers: Record<string, { lr: number }>; // with their usual hyperparameters
} = JSON.parse(byId("limits").textContent);

// Why the server would refuse this whole number: {code, args}; null if it would not.
export const refusal = (name: Name, value: number) => {
  const { code, ...args } = limits.ranges[name];
  return Number.isInteger(value) && value >= args.min && value <= args.max ? null : { code, args };
};
export const allows = (name: Name, value: number) => refusal(name, value) === null;
