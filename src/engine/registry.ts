// The engines by the device that they compute on. Open: a program may register further ones.
import type { Program } from "../graph/index.js";
import type { Engine, EngineOptions, Executable } from "./engine.js";
import { EngineError } from "./errors.js";

/** What an engine brings to be registered. */
export interface EngineDefinition {
  /** As `--device` names it. */
  readonly device: string;
  /** Whether what it computes with lies in the machine's main memory. */
  readonly inMainMemory: boolean;
  /** Throws EngineError where the options do not make sense on this machine. */
  open(options: EngineOptions): Engine;
  /** Computes something in a process of its own, since a broken driver may end it; says with what. Throws. */
  check(): Promise<string>;
  /** What to do where the check fails, as a sentence. */
  readonly remedy: string;
}

const definitions = new Map<string, EngineDefinition>();

/** Makes an engine available under the name of its device. Throws EngineError where the name is taken. */
export function registerEngine(definition: EngineDefinition): void {
  const { device } = definition;
  if (definitions.has(device)) throw new EngineError(`expected a device without an engine; found ${device} twice`);
  definitions.set(device, definition);
}

/** All that are registered, in that order. */
export function engineDefinitions(): readonly EngineDefinition[] {
  return [...definitions.values()];
}

/** Throws EngineError for a device that no engine is registered for. */
export function engineDefinition(device: string): EngineDefinition {
  const found = definitions.get(device);
  if (found !== undefined) return found;
  const known = [...definitions.keys()].join(", ");
  throw new EngineError(`expected a device with an engine (${known || "none is registered"}); found "${device}"`);
}

/** Which engine, and how it uses the machine. */
export interface DeviceOptions extends EngineOptions {
  /** Where programs run; "cpu" by default. */
  readonly device?: string;
}

/** The engine of a device. Throws EngineError. */
export function openEngine({ device = "cpu", ...options }: DeviceOptions = {}): Engine {
  return engineDefinition(device).open(options);
}

/** Compiles one program for a device. Throws EngineError. */
export async function compile(program: Program, options: DeviceOptions = {}): Promise<Executable> {
  return openEngine(options).compile(program);
}
