// Links between the pages of the documentation lead somewhere.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { pages, repository } from "./pages.js";

test.each(pages.map((page) => [page.name, page] as const))("%s", (name, { text }) => {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  const broken = targets.filter((target) => !/^https?:/.test(target) && !leadsSomewhere(name, target));
  expect(broken).toEqual([]);
});

function leadsSomewhere(from: string, target: string): boolean {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? from : join(dirname(from), path);
  if (!existsSync(join(repository, file))) return false;
  if (anchor === undefined) return true;
  const page = pages.find(({ name }) => name === file);
  return page !== undefined && headingsOf(page.text).includes(anchor);
}

/** The anchors of a page as GitHub makes them. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-"),
  );
}
