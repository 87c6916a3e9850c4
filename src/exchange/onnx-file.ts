// An ONNX file for others to run, with metadata that says what it is.

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { encodeOnnxModel, type OnnxModel } from "../graph/onnx-model.js";

export interface OnnxFile {
  readonly model: OnnxModel;
  readonly producerVersion: string;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Programs know no metadata. Where protocol-buffer messages follow each other, their fields are merged: so these fields
 * are appended. Field numbers follow onnx.proto3.
 */
export function encodeOnnxFile({ model, producerVersion, description, metadata }: OnnxFile): Uint8Array[] {
  const writer = new BinaryWriter();
  writer.tag(3, WireType.LengthDelimited).string(producerVersion);
  writer.tag(6, WireType.LengthDelimited).string(description);
  for (const [key, value] of Object.entries(metadata)) {
    writer.tag(14, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(key);
    writer.tag(2, WireType.LengthDelimited).string(value);
    writer.join();
  }
  return [encodeOnnxModel(model), writer.finish()];
}
