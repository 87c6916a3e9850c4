// Writes the part of the ONNX file format that a program needs: protocol-buffer messages, field by field.
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type DType, dtypes } from "./dtypes.js";

/** An attribute's value: numbers are written as floats when wrapped in `{ float }`, as integers otherwise. */
export type OnnxAttribute = number | readonly number[] | string | { readonly float: number };

export interface OnnxNode {
  readonly type: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxValue {
  readonly name: string;
  readonly dtype: DType;
  /** A size that is a name may be any. */
  readonly shape: readonly (number | string)[];
}

export interface OnnxInitializer extends OnnxValue {
  readonly shape: readonly number[];
  /** Little-endian bytes of the elements in row-major order. */
  readonly bytes: Uint8Array;
}

export interface OnnxModel {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly initializers: readonly OnnxInitializer[];
}

/** Standard operators are those of opset 17; contributed ones come from ONNX Runtime's own domain. */
export const STANDARD_OPSET = 17;
export const CONTRIBUTED_DOMAIN = "com.microsoft";
const IR_VERSION = 8;

// Field numbers follow onnx.proto3, IR version 8.
export function encodeOnnxModel(model: OnnxModel): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int64(IR_VERSION);
  writer.tag(2, WireType.LengthDelimited).string("mixedae");
  message(writer, 7, (graph) => writeGraph(graph, model));
  writeOpset(writer, "", STANDARD_OPSET);
  if (model.nodes.some((node) => node.domain === CONTRIBUTED_DOMAIN)) writeOpset(writer, CONTRIBUTED_DOMAIN, 1);
  return writer.finish();
}

function message(writer: BinaryWriter, field: number, write: (inner: BinaryWriter) => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}

function writeOpset(writer: BinaryWriter, domain: string, version: number): void {
  message(writer, 8, (opset) => {
    opset.tag(1, WireType.LengthDelimited).string(domain);
    opset.tag(2, WireType.Varint).int64(version);
  });
}

function writeGraph(writer: BinaryWriter, model: OnnxModel): void {
  for (const node of model.nodes) message(writer, 1, (inner) => writeNode(inner, node));
  writer.tag(2, WireType.LengthDelimited).string(model.name);
  for (const initializer of model.initializers) message(writer, 5, (inner) => writeInitializer(inner, initializer));
  for (const input of model.inputs) message(writer, 11, (inner) => writeValue(inner, input));
  for (const output of model.outputs) message(writer, 12, (inner) => writeValue(inner, output));
}

function writeNode(writer: BinaryWriter, node: OnnxNode): void {
  for (const input of node.inputs) writer.tag(1, WireType.LengthDelimited).string(input);
  for (const output of node.outputs) writer.tag(2, WireType.LengthDelimited).string(output);
  writer.tag(3, WireType.LengthDelimited).string(node.outputs.find((name) => name !== "") ?? "");
  writer.tag(4, WireType.LengthDelimited).string(node.type);
  for (const [name, value] of Object.entries(node.attributes)) {
    message(writer, 5, (inner) => writeAttribute(inner, name, value));
  }
  if (node.domain !== "") writer.tag(7, WireType.LengthDelimited).string(node.domain);
}

const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_STRING = 3;
const ATTRIBUTE_INTS = 7;

function writeAttribute(writer: BinaryWriter, name: string, value: OnnxAttribute): void {
  writer.tag(1, WireType.LengthDelimited).string(name);
  let type: number;
  if (typeof value === "number") {
    writer.tag(3, WireType.Varint).int64(value);
    type = ATTRIBUTE_INT;
  } else if (typeof value === "string") {
    writer.tag(4, WireType.LengthDelimited).bytes(new TextEncoder().encode(value));
    type = ATTRIBUTE_STRING;
  } else if ("float" in value) {
    writer.tag(2, WireType.Bit32).float(value.float);
    type = ATTRIBUTE_FLOAT;
  } else {
    for (const item of value) writer.tag(8, WireType.Varint).int64(item);
    type = ATTRIBUTE_INTS;
  }
  writer.tag(20, WireType.Varint).int32(type);
}

function writeInitializer(writer: BinaryWriter, initializer: OnnxInitializer): void {
  for (const size of initializer.shape) writer.tag(1, WireType.Varint).int64(size);
  writer.tag(2, WireType.Varint).int32(dtypes[initializer.dtype].onnx);
  writer.tag(8, WireType.LengthDelimited).string(initializer.name);
  writer.tag(9, WireType.LengthDelimited).bytes(initializer.bytes);
}

function writeValue(writer: BinaryWriter, value: OnnxValue): void {
  writer.tag(1, WireType.LengthDelimited).string(value.name);
  message(writer, 2, (type) =>
    message(type, 1, (tensor) => {
      tensor.tag(1, WireType.Varint).int32(dtypes[value.dtype].onnx);
      message(tensor, 2, (shape) => {
        for (const size of value.shape) {
          message(shape, 1, (dimension) => {
            if (typeof size === "number") dimension.tag(1, WireType.Varint).int64(size);
            else dimension.tag(2, WireType.LengthDelimited).string(size);
          });
        }
      });
    }),
  );
}
