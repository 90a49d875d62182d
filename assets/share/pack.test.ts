import { expect, test } from "vitest";
import { golden } from "../vitest/golden";
import { pack, unpack } from "./pack";

const { content, floats, texts } = golden.links;
const [plain] = texts;

test("a text that Python packed, deflated or not", async () => {
  for (const text of texts) expect(await unpack(text)).toEqual({ content, floats });
});

test("what does not get shorter stays as it is, byte for byte as in Python", async () => {
  expect(await pack(content, floats)).toBe(plain);
});

test("what gets shorter is deflated", async () => {
  const zeros = Array(500).fill(0);
  const text = await pack("content", zeros);
  expect(text.length).toBeLessThan(100);
  expect(await unpack(text)).toEqual({ content: "content", floats: zeros });
});
