// The training as the page knows it: what its worker has told so far, and what it can be told.

import { useEffect, useReducer, useRef } from "preact/hooks";
import type { StepMetrics } from "../../../training/metrics-file.js";
import { type Unpacked, unpack } from "../explore/attention.js";
import type { Begun, Notice, Order } from "./protocol.js";

export type TrainingState = "idle" | "preparing" | "running" | "paused" | "finished";

export interface KnownTraining {
  readonly state: TrainingState;
  /** What it prepares. */
  readonly doing: string;
  readonly begun: Begun | undefined;
  readonly steps: readonly StepMetrics[];
  readonly warnings: readonly string[];
  readonly pictures: Extract<Notice, { type: "pictures" }> | undefined;
  readonly explored: Unpacked | undefined;
  readonly problem: string;
}

/** One more is an odd number, so that thinning keeps the last. */
const MOST_STEPS = 4000;

const nothing: KnownTraining = {
  ...{
    state: "idle",
    doing: "",
    begun: undefined,
    steps: [],
    warnings: [],
    pictures: undefined,
    explored: undefined,
    problem: "",
  },
};

export interface UsedTraining {
  readonly known: KnownTraining;
  readonly order: (order: Order) => void;
}

/** `onCheckpoint` is called with one that was asked for. */
export function useTraining(onCheckpoint: (bytes: Uint8Array<ArrayBuffer>, step: number) => void): UsedTraining {
  const [known, tell] = useReducer(after, nothing);
  const worker = useRef<Worker | null>(null);
  const whenSaved = useRef(onCheckpoint);
  whenSaved.current = onCheckpoint;
  useEffect(() => () => worker.current?.terminate(), []);
  return {
    known,
    order(order) {
      if (order.type === "begin") {
        worker.current?.terminate();
        worker.current = startWorker(tell, (bytes, step) => whenSaved.current(bytes, step));
      }
      if (order.type === "begin" || order.type === "go on") tell(order);
      worker.current?.postMessage(order);
    },
  };
}

function startWorker(
  tell: (told: Notice) => void,
  onCheckpoint: (bytes: Uint8Array<ArrayBuffer>, step: number) => void,
): Worker {
  const made = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  made.onmessage = ({ data }: MessageEvent<Notice>) => {
    if (data.type === "checkpoint") onCheckpoint(data.bytes, data.step);
    else tell(data);
  };
  made.onerror = ({ message }) => tell({ type: "problem", words: message || "The worker that trains ended." });
  return made;
}

/** Long trainings keep every second step of those before, again and again: charts stay quick to draw. */
function thinned(steps: readonly StepMetrics[]): readonly StepMetrics[] {
  return steps.length <= MOST_STEPS ? steps : steps.filter((_, place) => place % 2 === 0);
}

function after(known: KnownTraining, told: Notice | Order): KnownTraining {
  switch (told.type) {
    case "begin":
      return { ...nothing, state: "preparing", doing: "Starting" };
    case "go on":
      return { ...known, state: "running", problem: "" };
    case "doing":
      return { ...known, doing: told.words };
    case "begun":
      return { ...known, state: "running", begun: told.begun };
    case "step":
      return {
        ...known,
        steps: thinned([...known.steps, told.step.metrics]),
        warnings: [...known.warnings, ...told.step.warnings],
      };
    case "pictures":
      return { ...known, pictures: told };
    case "explored":
      return { ...known, explored: unpack(told.found) };
    case "paused":
    case "finished":
      return { ...known, state: told.type };
    case "problem":
      return { ...known, state: known.begun === undefined ? "idle" : "paused", problem: told.words };
    default:
      return known;
  }
}
