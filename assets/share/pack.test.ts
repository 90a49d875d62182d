import { expect, test } from "vitest";
import { golden } from "../vitest/golden";
import { pack, unpack } from "./pack";

const { content, floats, texts } = golden.links;
const [plain] = texts;

test("unpacks texts that Python packed, deflated or not", async () => {
  for (const text of texts) expect(await unpack(text)).toEqual({ content, floats });
});

test("does not deflate content that would not get shorter; the bytes are the same as in Python", async () => {
  expect(await pack(content, floats)).toBe(plain);
});

test("deflates content that gets shorter", async () => {
  const zeros = Array(500).fill(0);
  const text = await pack("content", zeros);
  expect(text.length).toBeLessThan(100);
  expect(await unpack(text)).toEqual({ content: "content", floats: zeros });
});
