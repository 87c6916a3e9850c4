// The page that trains: what to learn from, how far it is, what it learns, and its checkpoint to take away.

import { useMemo } from "preact/hooks";
import type { PretrainChoices } from "../../../browser/index.js";
import { saveBlob } from "../downloads.js";
import { PageHeader } from "../page-header.js";
import { useTheme } from "../theme.js";
import { countText, durationText, methodName } from "../words.js";
import { equipment } from "./browser-lacks.js";
import { LiveChart } from "./live-chart.js";
import { LiveMixture } from "./live-mixture.js";
import type { Device, TrainingImages } from "./protocol.js";
import { Reconstructed } from "./reconstructed.js";
import { SetupForm } from "./setup-form.js";
import { type KnownTraining, type UsedTraining, useTraining } from "./use-training.js";

/** Of the steps whose pace says how long the rest will take. */
const PACE_STEPS = 50;

export function TrainerPage() {
  const { theme, shown, next } = useTheme();
  const { devices, threads, missing, notes } = useMemo(equipment, []);
  const training = useTraining((bytes, step) => {
    saveBlob(new Blob([bytes]), `step-${String(step).padStart(8, "0")}.safetensors`);
  });
  const { known, order } = training;
  const isMixed = (known.begun?.groupSize ?? 1) > 1;
  const isBusy = known.state === "preparing" || known.state === "running" || missing.length > 0;
  const begin = (chosen: PretrainChoices, images: TrainingImages, device: Device) =>
    order({ type: "begin", from: { kind: "choices", chosen }, images, device, threads });
  const resume = async (file: File, images: TrainingImages, device: Device) => {
    const bytes = new Uint8Array(await file.arrayBuffer());
    order({ type: "begin", from: { kind: "checkpoint", name: file.name, bytes }, images, device, threads });
  };
  return (
    <>
      <PageHeader theme={theme} onTheme={next} />
      <main>
        <div class="page-head">
          <div>
            <h1>Learning in this tab</h1>
            <p class="muted">
              A vision transformer learns from images without labels, on {countText(threads)}{" "}
              {threads === 1 ? "thread" : "threads"} of this machine. Nothing leaves it.
            </p>
          </div>
        </div>
        {missing.map((words) => (
          <p key={words} class="callout bad">
            {words}
          </p>
        ))}
        {notes.map((words) => (
          <p key={words} class="callout">
            {words}
          </p>
        ))}
        <SetupForm isBusy={isBusy} devices={devices} onBegin={begin} onResume={(...given) => void resume(...given)} />
        {known.problem !== "" && <p class="callout bad">{known.problem}</p>}
        {known.state === "preparing" && (
          <p class="empty" role="status">
            {known.doing} …
          </p>
        )}
        {known.begun !== undefined && <Progress training={training} />}
        {known.warnings.map((words) => (
          <p key={words} class="callout warning">
            {words}
          </p>
        ))}
        {known.begun !== undefined && <Charts known={known} theme={shown} />}
        {known.pictures !== undefined && (
          <Reconstructed step={known.pictures.step} images={known.pictures.images} isMixed={isMixed} />
        )}
        {known.pictures !== undefined && isMixed && (
          <LiveMixture found={known.explored} step={known.pictures.step} theme={shown} order={order} />
        )}
      </main>
    </>
  );
}

function Progress({ training: { known, order } }: { readonly training: UsedTraining }) {
  const { state, steps, begun } = known;
  const { totalSteps, batchSize, images, method, model, skipped, skippedBecause } = begun!;
  const step = steps.at(-1)?.step ?? begun!.step;
  const recent = steps.slice(-PACE_STEPS).map(({ stepSeconds }) => Number(stepSeconds));
  const pace = recent.reduce((sum, seconds) => sum + seconds, 0) / (recent.length || 1);
  const left = state === "running" && pace > 0 ? `, ${durationText(pace * (totalSteps - step))} left` : "";
  return (
    <section class="panel trainer-progress" aria-label="Progress">
      <div class="panel-head">
        <p>
          {methodName(method)}, {model}, {countText(images)} images
          {skipped > 0 && `; ${countText(skipped)} could not be read (${skippedBecause})`}
        </p>
        <div class="panel-tools">
          {state === "running" && (
            <button type="button" onClick={() => order({ type: "pause" })}>
              Pause
            </button>
          )}
          {state === "paused" && (
            <button type="button" onClick={() => order({ type: "go on" })}>
              Go on
            </button>
          )}
          <button type="button" disabled={step === 0} onClick={() => order({ type: "checkpoint" })}>
            Download the checkpoint
          </button>
        </div>
      </div>
      <progress max={totalSteps} value={step} aria-label={`Step ${step} of ${totalSteps}`} />
      <p class="number" role="status">
        {state === "finished" ? "Finished: " : state === "paused" ? "Paused: " : ""}step {countText(step)} of{" "}
        {countText(totalSteps)}
        {pace > 0 && `, ${rateText(batchSize / pace)} images a second`}
        {left}
      </p>
    </section>
  );
}

function rateText(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : countText(rate);
}

function Charts({ known: { steps, begun }, theme }: { readonly known: KnownTraining; readonly theme: string }) {
  const numbers = steps.map(({ step }) => step);
  const blocks = steps.at(-1)?.topkPrecision;
  return (
    <div class="live-charts">
      <LiveChart
        title="Loss"
        meaning="What the training makes small."
        steps={numbers}
        lines={[{ name: "Loss", values: steps.map(({ loss }) => Number(loss)) }]}
        theme={theme}
      />
      {Array.isArray(blocks) && (
        <LiveChart
          title="Recognition, by block"
          meaning="Of the patches that a patch attends to most, the share that is truly of its own image. The dotted line is chance."
          steps={numbers}
          lines={blocks.map((_, block) => ({
            name: `Block ${begun!.firstBlock + block + 1}`,
            values: steps.map(({ topkPrecision }) => (topkPrecision as number[] | undefined)?.[block] ?? null),
          }))}
          level={1 / begun!.groupSize}
          theme={theme}
        />
      )}
    </div>
  );
}
