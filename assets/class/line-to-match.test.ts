import { expect, test } from "vitest";
import * as nets from "../core/net/net";
import { golden } from "../vitest/golden";
import { lines } from "./line-to-match";

test("the line to match has a logit, and a yhat with the loss of the net in Fit", () => {
  const { p, x } =
    golden.nets.find(({ net }) => net.h === 2 && !net.bias1 && net.activation === "relu" && net.loss === "bce") ??
    golden.nets[0];
  const made = lines(p, x, nets.LECTURE);
  expect(made.logit).toEqual(nets.logit(p, x));
  made.logit.forEach((z, i) => expect(made.yhat[i]).toBeCloseTo(1 / (1 + Math.exp(-z)), 6));
  expect(lines(p, x, { ...nets.LECTURE, loss: "mse" }).yhat).toEqual(made.logit);
});
