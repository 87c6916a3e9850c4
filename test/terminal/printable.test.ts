// Text from elsewhere on a terminal: seen, and without effect.
import { expect, test } from "vitest";
import { printable, printableJson, printableLines } from "#src/terminal/printable.js";

test("escapes whatever moves the cursor, ends the line or reorders it, and nothing else", () => {
  expect(printable("a\u001b[31mb\nc\rd\te\u0000\u007f\u009b2J")).toBe("a\\x1b[31mb\\nc\\rd\\te\\x00\\x7f\\x9b2J");
  expect(printable("gpj.\u202egnp \u2066x\u2069 \u2028")).toBe("gpj.\\u202egnp \\u2066x\\u2069 \\u2028");
  const ordinary = "Größe 猫/кот שלום 🐈 C:\\new.png";
  expect(printable(ordinary)).toBe(ordinary);
});

test("leaves the line breaks and tabs of text of several lines", () => {
  expect(printableLines("a\n\tb\r\n\u001b[2J")).toBe("a\n\tb\\r\n\\x1b[2J");
});

test("gives JSON that is parsed to the same, without control characters", () => {
  const value = { name: "a\u001b\n\u007f\u009b\u202e\u2028猫" };
  const text = printableJson(value);
  expect(text).toBe('{"name":"a\\u001b\\n\\u007f\\u009b\\u202e\\u2028猫"}');
  expect(JSON.parse(text)).toEqual(value);
});
