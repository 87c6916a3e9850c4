// What a page can import: paths of the package that do not reach Node.js.
import { runInNewContext } from "node:vm";
import { rolldown } from "rolldown";
import { describe, expect, test } from "vitest";
import { repository } from "../docs/pages.js";

/** Packages that run in a browser as well. */
const PORTABLE = ["@bufbuild/protobuf/wire", "zod"];
/** Globals that only Node.js has, where they are used in code without comments. */
const NODE_GLOBALS = /\b(?:(?:Buffer|process)(?=[.[])|(?:require|setImmediate)(?=\()|__dirname|__filename)/g;

/** What a bundle of `source` would take from elsewhere, and the globals of Node.js that it reads. */
async function bundle(source: string, format: "esm" | "iife" = "esm") {
  const entry = "\0entry";
  const build = await rolldown({
    input: entry,
    cwd: repository,
    platform: "browser",
    // In one piece, a bundle needs what is portable too.
    external: (id) => !/^[./\0#]|^mixedae/.test(id) && (format === "esm" || !PORTABLE.includes(id)),
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === entry ? id : undefined),
        load: (id) => (id === entry ? source : undefined),
      },
    ],
    onLog: (_level, log) => {
      throw new Error(log.message);
    },
  });
  const { output } = await build.generate({ format, name: "page", minify: true });
  await build.close();
  const [{ code, imports, dynamicImports }] = output;
  return { imports: [...imports, ...dynamicImports].sort(), globals: [...new Set(code.match(NODE_GLOBALS))], code };
}

describe.each([
  "graph",
  "nn",
  "random",
  "formats",
  "engine",
  "optim",
  "methods",
  "heads",
  "browser",
])("mixedae/%s", (theme) => {
  test("bundles for the browser without a module or a global of Node.js", async () => {
    const { imports, globals, code } = await bundle(`export * from "mixedae/${theme}";`);
    expect(imports.filter((each) => !PORTABLE.includes(each))).toEqual([]);
    expect(globals).toEqual([]);
    expect(code.length).toBeGreaterThan(1000);
  });
});

test("a program can be built where there is no Node.js", async () => {
  const { code } = await bundle(
    `
    import { defineProgram, emitOnnx, encodeOnnxModel, gradients, input, standardKernels } from "mixedae/graph";
    import { linear, ParameterScope } from "mixedae/nn";
    import { randomStream } from "mixedae/random";
    const scope = new ParameterScope();
    const y = linear(scope, 3, 2)(input("x", [4, 3]));
    const loss = y.mul(y).mean();
    const [weight] = scope.parameters;
    const [gradient] = gradients(loss, [weight.tensor]);
    const program = defineProgram("step", { loss, gradient });
    export const bytes = encodeOnnxModel(emitOnnx(program, standardKernels).model).length;
    export const values = weight.initialize(weight.tensor.shape, randomStream(0, weight.name, 0, 0)).length;
    `,
    "iife",
  );
  const { bytes, values } = runInNewContext(`${code}; page`, { TextDecoder, TextEncoder });
  expect(values).toBe(6);
  expect(bytes).toBeGreaterThan(200);
});

test("a module or a global of Node.js would be seen", async () => {
  const { imports, globals } = await bundle('export * from "mixedae/data"; console.log(Buffer.from("a"));');
  expect(imports).toContain("sharp");
  expect(imports.some((each) => each.startsWith("node:"))).toBe(true);
  expect(globals).toContain("Buffer");
});
