// Reads ONNX files back, independently of what writes them: protocol-buffer messages, field by field.

type Field = bigint | Uint8Array | number;

/** The fields of a message by number, repeated ones in order. */
function readMessage(bytes: Uint8Array): Map<number, Field[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields = new Map<number, Field[]>();
  let position = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[position++];
      if (byte === undefined) throw new Error("the message ends within a number");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
  };
  while (position < bytes.length) {
    const tag = Number(varint());
    let field: Field;
    switch (tag & 7) {
      case 0:
        field = varint();
        break;
      case 2: {
        const length = Number(varint());
        field = bytes.subarray(position, position + length);
        if (field.length !== length) throw new Error("the message ends within a field");
        position += length;
        break;
      }
      case 5:
        field = view.getFloat32(position, true);
        position += 4;
        break;
      default:
        throw new Error(`wire type ${tag & 7} is none that ONNX uses`);
    }
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), field]);
  }
  return fields;
}

class Message {
  readonly #fields: Map<number, Field[]>;

  constructor(bytes: Uint8Array) {
    this.#fields = readMessage(bytes);
  }

  get numbers(): number[] {
    return [...this.#fields.keys()].sort((a, b) => a - b);
  }

  integers(field: number): number[] {
    return (this.#fields.get(field) ?? []).map(Number);
  }

  strings(field: number): string[] {
    return this.bytes(field).map((bytes) => new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  }

  bytes(field: number): Uint8Array[] {
    return (this.#fields.get(field) ?? []) as Uint8Array[];
  }

  messages(field: number): Message[] {
    return this.bytes(field).map((bytes) => new Message(bytes));
  }
}

function readAttribute(attribute: Message): readonly [string, unknown] {
  const [name] = attribute.strings(1);
  const values: Record<number, unknown> = {
    1: { float: attribute.integers(2)[0] },
    2: attribute.integers(3)[0],
    3: attribute.strings(4)[0],
    7: attribute.integers(8),
  };
  return [name!, values[attribute.integers(20)[0]!]];
}

function readValue(value: Message) {
  const tensor = value.messages(2)[0]!.messages(1)[0]!;
  const shape = tensor
    .messages(2)[0]!
    .messages(1)
    .map((dimension) => dimension.integers(1)[0]);
  return { name: value.strings(1)[0], type: tensor.integers(1)[0], shape };
}

/** A model file as plain values; field numbers are those of onnx.proto3. */
export function readOnnx(bytes: Uint8Array) {
  const model = new Message(bytes);
  const graph = model.messages(7)[0]!;
  return {
    irVersion: model.integers(1)[0],
    producer: model.strings(2)[0],
    opsets: model.messages(8).map((opset) => ({ domain: opset.strings(1)[0], version: opset.integers(2)[0] })),
    name: graph.strings(2)[0],
    nodes: graph.messages(1).map((node) => ({
      inputs: node.strings(1),
      outputs: node.strings(2),
      name: node.strings(3)[0],
      type: node.strings(4)[0],
      domain: node.strings(7)[0] ?? "",
      attributes: Object.fromEntries(node.messages(5).map(readAttribute)),
    })),
    initializers: graph.messages(5).map((tensor) => ({
      shape: tensor.integers(1),
      type: tensor.integers(2)[0],
      name: tensor.strings(8)[0],
      bytes: tensor.bytes(9)[0],
    })),
    inputs: graph.messages(11).map(readValue),
    outputs: graph.messages(12).map(readValue),
    /** Every field number that occurs in the model and in its graph. */
    fields: { model: model.numbers, graph: graph.numbers },
  };
}
