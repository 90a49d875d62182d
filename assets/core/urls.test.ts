import { expect, test } from "vitest";
import { isLocal } from "./urls";

test.each([
  ["http://localhost:8050/#room=K7N4PX", true],
  ["http://127.0.0.1:8050/", true],
  ["http://127.1.2.3/", true],
  ["http://[::1]:8050/", true],
  ["http://192.168.0.12:8050/#room=K7N4PX", false],
  ["https://pwl.example.org/localhost", false],
  ["http://localhost.example.org/", false],
])("%s leads to the device itself: %j", (url, expected) => expect(isLocal(url)).toBe(expected));
