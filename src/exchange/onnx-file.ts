// An ONNX file for others to run: inputs and outputs of any batch, and metadata that says what it is.

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { encodeOnnxModel, ONNX_TYPES, type OnnxModel } from "../graph/onnx-model.js";

/** An input or output of float32; a size that is a name may be any. */
export interface OpenValue {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

export interface OnnxFile {
  readonly name: string;
  readonly graph: Pick<OnnxModel, "nodes" | "initializers">;
  readonly inputs: readonly OpenValue[];
  readonly outputs: readonly OpenValue[];
  readonly producerVersion: string;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Programs know neither open sizes nor metadata. Where protocol-buffer messages follow each other, their fields are
 * merged, the graphs inside them as well: so these fields are appended. Field numbers follow onnx.proto3.
 */
export function encodeOnnxFile({ name, graph, inputs, outputs, ...about }: OnnxFile): Uint8Array[] {
  const model = encodeOnnxModel({ name, ...graph, inputs: [], outputs: [] });
  const writer = new BinaryWriter();
  writer.tag(3, WireType.LengthDelimited).string(about.producerVersion);
  writer.tag(6, WireType.LengthDelimited).string(about.description);
  message(writer, 7, (values) => {
    for (const value of inputs) message(values, 11, (inner) => writeValue(inner, value));
    for (const value of outputs) message(values, 12, (inner) => writeValue(inner, value));
  });
  for (const [key, value] of Object.entries(about.metadata)) {
    message(writer, 14, (entry) => {
      entry.tag(1, WireType.LengthDelimited).string(key);
      entry.tag(2, WireType.LengthDelimited).string(value);
    });
  }
  return [model, writer.finish()];
}

function writeValue(writer: BinaryWriter, { name, shape }: OpenValue): void {
  writer.tag(1, WireType.LengthDelimited).string(name);
  message(writer, 2, (type) =>
    message(type, 1, (tensor) => {
      tensor.tag(1, WireType.Varint).int32(ONNX_TYPES.float32);
      message(tensor, 2, (sizes) => {
        for (const size of shape) {
          message(sizes, 1, (dimension) => {
            if (typeof size === "number") dimension.tag(1, WireType.Varint).int64(size);
            else dimension.tag(2, WireType.LengthDelimited).string(size);
          });
        }
      });
    }),
  );
}

function message(writer: BinaryWriter, field: number, write: (inner: BinaryWriter) => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}
