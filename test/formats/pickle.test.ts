// The pickle machine: data comes back, anything that could act is refused by name, and no pickle takes it down.
import { existsSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readPickle } from "#src/formats/pickle.js";
import { PickleGlobal, PickleObject, type PickleRules, PickleTuple } from "#src/formats/pickle-values.js";
import { missingModule, python } from "../exchange/python.js";
import { expectSurvival } from "./mutations.js";

const rules: PickleRules = {
  globals: new Map([
    ["collections.OrderedDict", new PickleGlobal("collections.OrderedDict", () => new Map())],
    ["argparse.Namespace", new PickleGlobal("argparse.Namespace", () => new PickleObject("argparse.Namespace"))],
    ["torch.FloatStorage", new PickleGlobal("torch.FloatStorage", undefined)],
  ]),
  allowed: "plain data",
  persistent: (id) => new PickleTuple(["persistent", id]),
};
const read = (...parts: (string | Uint8Array)[]) =>
  readPickle(
    Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part))),
    rules,
  );
const marker = join(tmpdir(), `mixedae-pickle-${process.pid}`);

describe("the pickle machine", () => {
  test("reads data", () => {
    const pickle =
      "\x80\x02}q\x00(X\x01\x00\x00\x00aK\x05X\x01\x00\x00\x00b](K\x01K\x02eX\x01\x00\x00\x00cJ\xff\xff\xff\xffu.";
    expect(read(pickle)).toEqual(
      new Map<string, unknown>([
        ["a", 5],
        ["b", [1, 2]],
        ["c", -1],
      ]),
    );
    expect(read("G\x3f\xf8\x00\x00\x00\x00\x00\x00.")).toBe(1.5);
    expect(read("\x8a\x05\x00\x00\x00\x00\x01.")).toBe(2 ** 32);
    expect(read("\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01.")).toBe(2n ** 64n);
    expect(read("\x8a\x01\xff.")).toBe(-1);
    expect(read("\x8a\x00.")).toBe(0);
  });

  test("a Namespace is inert data, and attributes of a dict are dropped", () => {
    const namespace = read("cargparse\nNamespace\n)\x81}X\x02\x00\x00\x00lrK\x01sb.") as PickleObject;
    expect(namespace).toBeInstanceOf(PickleObject);
    expect([namespace.className, namespace.state]).toEqual(["argparse.Namespace", new Map([["lr", 1]])]);
    expect(read("ccollections\nOrderedDict\n)R}X\x09\x00\x00\x00_metadataK\x01sb.")).toEqual(new Map());
  });

  test.each<[string, string, string]>([
    ["os.system", `cos\nsystem\n(X\x05\x00\x00\x00touchtR.`, "it refers to os.system, which weights have no need of"],
    ["posix.system", "cposix\nsystem\n(X\x02\x00\x00\x00lstR.", "posix.system"],
    ["builtins.eval", "cbuiltins\neval\n(X\x01\x00\x00\x001tR.", "builtins.eval"],
    ["__builtin__.getattr", "c__builtin__\ngetattr\n.", "__builtin__.getattr"],
    ["a global from the stack", "\x80\x04\x8c\x08builtins\x8c\x04exec\x93.", "builtins.exec"],
    [
      "an attribute of something allowed",
      "\x80\x04\x8c\x08argparse\x8c\x12Namespace.__init__\x93.",
      "argparse.Namespace.__init__",
    ],
    ["torch.load itself", "ctorch\nload\n.", "torch.load"],
    ["numpy's own pickles", "cnumpy.core.multiarray\nscalar\n.", "numpy.core.multiarray.scalar"],
    ["a name with a line of its own", "\x80\x04\x8c\x02os\x8c\x06a\nb\x1b[2\x93.", "os.a\\nb\\u001b[2"],
    ["INST", "(X\x02\x00\x00\x00lsios\nsystem\n.", "the opcode INST (0x69)"],
    ["OBJ", "(cargparse\nNamespace\no.", "the opcode OBJ (0x6f)"],
    ["an extension", "\x82\x01.", "the opcode EXT1 (0x82)"],
    ["an opcode that there is not", "\xf0.", "the opcode 0xf0"],
    ["a call of a mere name", "ctorch\nFloatStorage\n)R.", "it calls torch.FloatStorage, which is only a name here"],
    ["a call of data", "K\x01)R.", "it calls something that is not a global"],
    ["attributes of a list", "]}b.", "it sets attributes of something that has none"],
  ])("refuses %s by name", (_, pickle, words) => {
    expect(() => read(pickle)).toThrow(words);
  });

  test.each<[string, () => unknown, string]>([
    ["an empty file", () => read(""), "it ends before its STOP"],
    ["no value", () => read("."), "it ends with 0 values"],
    ["two values", () => read("NN."), "it ends with 2 values"],
    ["an open list", () => read("N(."), "it ends with"],
    ["a value from nowhere", () => read("0."), "from an empty stack"],
    ["a value from before a mark", () => read("N(\x85."), "from an empty stack"],
    ["a mark that is not there", () => read("t."), "it closes a list that it did not open"],
    ["a key without a value", () => read("}(Nu."), "a key without a value"],
    ["a key that is a list", () => read("}]Ns."), "a key that is neither text nor number"],
    ["an unknown memo", () => read("h\x05."), "it refers to value 5"],
    ["a text beyond the end", () => read("X\xff\xff\xff\xffa."), "4294967295 bytes are announced"],
    ["a text of 2^63 bytes", () => read("\x8d\x00\x00\x00\x00\x00\x00\x00\x80."), "more than there are"],
    ["a text that is not UTF-8", () => read("X\x01\x00\x00\x00\xff."), "not UTF-8"],
    ["a name without an end", () => read(`c${"a".repeat(1000)}`), "no name ends within 512 bytes"],
    ["a protocol to come", () => read("\x80\x06N."), "a protocol after 5"],
    ["an appended tuple", () => read(")Na."), "not a list"],
    ["nesting by tuples", () => read("N", "\x85".repeat(5000), "."), "nested more than 100 deep"],
    ["nesting by lists", () => read("]".repeat(5000), "a".repeat(4999), "."), "nested more than 100 deep"],
    ["nesting by marks", () => read("(".repeat(5000)), "nested more than 100 deep"],
    ["nesting by dicts", () => read("}N".repeat(200), "N", "s".repeat(200), "."), "nested more than 100 deep"],
    ["a full stack", () => read("N".repeat(600_000), "."), "wait on its stack"],
    ["endless work", () => read("N0".repeat(2_100_000), "."), "operations"],
    ["a file beyond reason", () => read(new Uint8Array(2 ** 26 + 1)), "more than any list of weights takes"],
  ])("refuses %s", (_, run, words) => {
    expect(run).toThrow(words);
  });

  test("the largest memo index costs nothing, and shared values are shared", () => {
    expect(read("Nr\xff\xff\xff\xff0j\xff\xff\xff\xff.")).toBe(null);
    // Ten lists of ten references each to the one before: 10^10 values if anyone copied them.
    const levels = Array.from(
      { length: 10 },
      (_, i) => `](${`h${String.fromCharCode(i)}`.repeat(10)}eq${String.fromCharCode(i + 1)}0`,
    );
    const before = process.memoryUsage().heapUsed;
    expect(read("]q\x000", ...levels, "h\x0a.")).toHaveLength(10);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20 * 2 ** 20);
  });

  test("a list that holds itself is only a list", () => {
    const list = read("]q\x00h\x00a.") as unknown[];
    expect(list[0]).toBe(list);
  });

  test("30,000 mutations are read or refused", () => {
    const files = [
      "\x80\x02}q\x00(X\x01\x00\x00\x00aK\x05X\x01\x00\x00\x00b](K\x01K\x02eX\x01\x00\x00\x00cJ\xff\xff\xff\xffu.",
      "\x80\x02ccollections\nOrderedDict\nq\x01)Rq\x02(X\x04\x00\x00\x00argscargparse\nNamespace\n)\x81}X\x02\x00\x00\x00lrK\x01sbu.",
      "\x80\x04\x95\x20\x00\x00\x00\x00\x00\x00\x00(\x8c\x07storage\x94\x8c\x05torch\x8c\x0cFloatStorage\x93\x8a\x02\x01\x02M\x01\x00tQ.",
    ].map((text) => Buffer.from(text, "latin1"));
    expectSurvival(files, 30_000, (bytes) => readPickle(bytes, rules));
  });
});

const missing = missingModule("pickle", "python3");

describe.skipIf(missing !== undefined)("pickles by Python", () => {
  const program = [
    "import pickle, sys, os, argparse, collections",
    "class Hostile:",
    "    def __reduce__(self): return (os.system, ('touch ' + sys.argv[1],))",
    "data = {'n': [None, True, False, 0, 255, 65536, -1, 2**40, 2.5], 't': ((), (1,), (1, 2, 3, 4)), 's': 'hé' * 100,",
    "        'o': collections.OrderedDict(a=1), 'args': argparse.Namespace(lr=0.1), 5: 'five'}",
    "data['again'] = data['n']",
    "print('\\n'.join(pickle.dumps(data, protocol=p).hex() for p in (2, 3, 4, 5)))",
    "print(pickle.dumps({'model': Hostile()}, protocol=2).hex())",
  ].join("\n");
  const lines = missing === undefined ? python(program, marker).trim().split("\n") : [];

  test.each([2, 3, 4, 5])("protocol %i", (protocol) => {
    const value = readPickle(Buffer.from(lines[protocol - 2]!, "hex"), rules) as Map<unknown, unknown>;
    expect(value.get("n")).toEqual([null, true, false, 0, 255, 65536, -1, 2 ** 40, 2.5]);
    expect(value.get("again")).toBe(value.get("n"));
    expect(value.get("t")).toEqual(new PickleTuple([[], [1], [1, 2, 3, 4]].map((items) => new PickleTuple(items))));
    expect(value.get("s")).toBe("hé".repeat(100));
    expect(value.get("o")).toEqual(new Map([["a", 1]]));
    expect((value.get("args") as PickleObject).state).toEqual(new Map([["lr", 0.1]]));
    expect(value.get(5)).toBe("five");
  });

  test("an object that runs a command when it is loaded is refused, and the command does not run", () => {
    rmSync(marker, { force: true });
    expect(() => readPickle(Buffer.from(lines[4]!, "hex"), rules)).toThrow("posix.system");
    expect(existsSync(marker)).toBe(false);
  });
});
