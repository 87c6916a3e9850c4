// What installing the package runs: the page on the library says that one dependency alone has a script.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository } from "../docs/pages.js";

interface LockedPackage {
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

test("of all dependencies, onnxruntime-node alone has an install script", () => {
  const { packages } = JSON.parse(readFileSync(join(repository, "package-lock.json"), "utf8")) as {
    packages: Record<string, LockedPackage>;
  };
  const withScripts = Object.entries(packages).filter(([, { dev, hasInstallScript }]) => hasInstallScript && !dev);
  expect(withScripts.map(([path]) => path)).toEqual(["node_modules/onnxruntime-node"]);
});

test("it is skipped by the variable that the page names, and would download for the GPU alone", () => {
  const installer = join(repository, "node_modules/onnxruntime-node/script");
  expect(readFileSync(join(installer, "install-utils.js"), "utf8")).toMatch(
    /ONNXRUNTIME_NODE_INSTALL[\s\S]*case 'skip':\s*return false/,
  );
  const { requirements } = readRequirements(join(installer, "install-metadata.js"));
  expect(requirements.replaceAll(/\s/g, "")).toBe(
    "'win32/x64':[],'win32/arm64':[],'linux/x64':['cuda12'],'linux/arm64':[],'darwin/x64':[],'darwin/arm64':[],",
  );
});

function readRequirements(path: string): { readonly requirements: string } {
  return { requirements: /requirements: \{([^}]*)\}/.exec(readFileSync(path, "utf8"))![1]! };
}
