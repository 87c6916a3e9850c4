// What is to be learnt from, and how: a few choices with good defaults.

import { useState } from "preact/hooks";
import type { PretrainChoices } from "../../../browser/index.js";
import { methodName, type ShippedMethod, shippedMethods } from "../words.js";
import type { Device, TrainingImages } from "./protocol.js";

interface SetupFormProps {
  readonly isBusy: boolean;
  /** What can compute; the first by default. */
  readonly devices: readonly Device[];
  readonly onBegin: (chosen: PretrainChoices, images: TrainingImages, device: Device) => void;
  /** With a checkpoint that was chosen, and the images to go on with. */
  readonly onResume: (checkpoint: File, images: TrainingImages, device: Device) => void;
}

const DEFAULT_STEPS = 3000;
const sizes = [32, 48, 64] as const;
const deviceNames: Readonly<Record<Device, string>> = { cpu: "the processor", webgpu: "the GPU (WebGPU)" };

export function SetupForm({ isBusy, devices, onBegin, onResume }: SetupFormProps) {
  const [files, setFiles] = useState<readonly File[]>([]);
  const [method, setMethod] = useState<ShippedMethod>("mixedae");
  const [side, setSide] = useState<number>(32);
  const [steps, setSteps] = useState(DEFAULT_STEPS);
  const [batchSize, setBatchSize] = useState(32);
  const [device, setDevice] = useState<Device>(devices[0]!);
  const images: TrainingImages = files.length === 0 ? { kind: "built-in" } : { kind: "files", files };
  return (
    <form
      class="panel setup"
      onSubmit={(event) => {
        event.preventDefault();
        onBegin(choices(method, side, steps, batchSize), images, device);
      }}
    >
      <h2>Learn from</h2>
      <div class="choices-of-files">
        <span>{files.length === 0 ? "2,000 patterns that come with the page" : `${files.length} own files`}</span>
        <FileChoice label="Own images …" onChoose={setFiles} />
        <FileChoice label="A folder …" isFolder onChoose={setFiles} />
        {files.length > 0 && (
          <button type="button" onClick={() => setFiles([])}>
            The page's patterns
          </button>
        )}
      </div>
      <div class="fields">
        <label>
          Method
          <select value={method} onChange={({ currentTarget }) => setMethod(currentTarget.value as ShippedMethod)}>
            {shippedMethods.map((each) => (
              <option key={each} value={each}>
                {methodName(each)}
              </option>
            ))}
          </select>
        </label>
        <label>
          Image size
          <select value={side} onChange={({ currentTarget }) => setSide(Number(currentTarget.value))}>
            {sizes.map((each) => (
              <option key={each} value={each}>
                {each} px
              </option>
            ))}
          </select>
        </label>
        <NumberField label="Steps" value={steps} most={1_000_000} onChange={setSteps} />
        <NumberField label="Images a step" value={batchSize} most={1024} onChange={setBatchSize} />
        {devices.length > 1 && (
          <label>
            Compute on
            <select value={device} onChange={({ currentTarget }) => setDevice(currentTarget.value as Device)}>
              {devices.map((each) => (
                <option key={each} value={each}>
                  {deviceNames[each]}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <div class="choices-of-files">
        <button type="submit" class="strong" disabled={isBusy}>
          Start
        </button>
        <label class="button">
          Go on from a checkpoint …
          <input
            class="unseen"
            type="file"
            accept=".safetensors"
            disabled={isBusy}
            onChange={({ currentTarget }) => {
              const [file] = currentTarget.files ?? [];
              currentTarget.value = "";
              if (file !== undefined) onResume(file, images, device);
            }}
          />
        </label>
      </div>
    </form>
  );
}

/** Colours and shapes are both to be seen in what it reconstructs: normalised targets would give the colours away. */
function choices(method: ShippedMethod, imageSize: number, steps: number, batchSize: number): PretrainChoices {
  const base = { source: "page", model: { preset: "nano", imageSize } as const, schedule: { steps, batchSize } };
  if (method === "mae" || method === "mixing" || method === "mixedae") {
    return { ...base, method, methodOptions: { normPixels: false } } as PretrainChoices;
  }
  return { ...base, method } as PretrainChoices;
}

interface FileChoiceProps {
  readonly label: string;
  readonly isFolder?: boolean;
  readonly onChoose: (files: readonly File[]) => void;
}

function FileChoice({ label, isFolder = false, onChoose }: FileChoiceProps) {
  const kind = isFolder ? { webkitdirectory: true } : { accept: "image/*" };
  return (
    <label class="button">
      {label}
      <input
        class="unseen"
        type="file"
        multiple
        {...kind}
        onChange={({ currentTarget }) => {
          const images = [...(currentTarget.files ?? [])].filter(({ type }) => !isFolder || type.startsWith("image/"));
          currentTarget.value = "";
          onChoose(images);
        }}
      />
    </label>
  );
}

interface NumberFieldProps {
  readonly label: string;
  readonly value: number;
  readonly most: number;
  readonly onChange: (value: number) => void;
}

function NumberField({ label, value, most, onChange }: NumberFieldProps) {
  return (
    <label>
      {label}
      <input
        type="number"
        min={1}
        max={most}
        required
        value={value}
        onInput={({ currentTarget }) => {
          if (currentTarget.validity.valid) onChange(currentTarget.valueAsNumber);
        }}
      />
    </label>
  );
}
