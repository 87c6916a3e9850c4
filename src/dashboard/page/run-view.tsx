// One run: how it does, its curves, its pictures, what happened in it, and its configuration.

import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { RunDetail, RunMark } from "../api.js";
import { markSigns } from "./chart-marks.js";
import { Configuration } from "./config-table.js";
import { HealthMark } from "./health-mark.js";
import { Pictures } from "./pictures.js";
import { ProgressBar } from "./progress-bar.js";
import { Recognition } from "./recognition.js";
import { addressOf } from "./routes.js";
import { RunCharts } from "./run-charts.js";
import type { Source } from "./source.js";
import { countText, methodName, pathParts, sentence, timeText, valueText } from "./words.js";

interface RunViewProps {
  readonly source: Source;
  readonly detail: RunDetail;
  readonly theme: string;
}

/** Methods whose mixtures are explored; of all others, single images. */
const MIXES = ["mixedae", "mixing"];

export function RunView({ source, detail, theme }: RunViewProps) {
  const { row, marks, pictures, learnt, config, checkpoints } = detail;
  const { id, name, step, task, method, model, loss, imagesPerSecond, began, health } = row;
  const { before, last } = pathParts(name);
  const charted = useMemo(() => [{ id, step, name, detail }], [id, step, name, detail]);
  return (
    <>
      <div class="run-head">
        <div>
          <h1>
            <span class="muted">{before}</span>
            {last}
          </h1>
          <p class="muted">
            {methodName(method)}, {model}. Began {timeText(began)}.
          </p>
        </div>
        <ProgressBar row={row} />
      </div>
      <dl class="facts">
        <Fact name="Health">
          <HealthMark health={health} />
        </Fact>
        <Fact name="Loss, last 100 steps">{valueText(loss)}</Fact>
        <Fact name="Images per second">{imagesPerSecond === null ? "–" : countText(imagesPerSecond)}</Fact>
        <Fact name="Checkpoints">
          {checkpoints.length === 0 ? "none yet" : `step ${checkpoints.map(countText).join(", ")}`}
        </Fact>
      </dl>
      {source.isLive && task === "pretrain" && checkpoints.length > 0 && (
        <a class="explore-link" href={addressOf({ page: "explore", id, seed: 0, segments: true })}>
          Explore {MIXES.includes(method) ? "mixtures" : "images"}: what each patch attends to →
        </a>
      )}
      {health.more !== "" && <p class={`callout ${health.level}`}>{health.more}</p>}
      {learnt.length > 0 && <Learnt lines={learnt} />}
      <RunCharts source={source} runs={charted} theme={theme}>
        <div class="beside">
          {pictures.length > 0 && <Pictures source={source} run={id} steps={pictures} />}
          <div>
            <Recognition source={source} detail={detail} />
            {marks.length > 0 && <Happened marks={marks} />}
          </div>
        </div>
      </RunCharts>
      {config !== null && <Configuration config={config} />}
    </>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** What the command line says at the end of a run: a word, and what it is about; or a sentence. */
function Learnt({ lines }: { readonly lines: readonly string[] }) {
  // Warnings stand above already, with the run's health.
  const told = joinedLines(lines).filter(({ text }) => !text.startsWith("Warning:"));
  return (
    <section class="panel" aria-labelledby="learnt">
      <h2 id="learnt">What was learnt so far</h2>
      <dl class="learnt">
        {told.map(({ word, text }) => (
          <div key={text}>
            <dt>{word}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** Lines that go on, by their indent, become one; a word and a wide gap begin a new one. */
export function joinedLines(lines: readonly string[]): { word: string; text: string }[] {
  const found: { word: string; text: string }[] = [];
  for (const line of lines) {
    const [, word, text] = /^ {2}(\S.*?) {2,}(\S.*)$/.exec(line) ?? [];
    const goesOn = /^ {3,}\S/.test(line);
    if (word !== undefined && text !== undefined) found.push({ word: sentence(word), text });
    else if (goesOn && found.length > 0) found.at(-1)!.text += ` ${line.trim()}`;
    else found.push({ word: "", text: line.trim() });
  }
  return found;
}

function Happened({ marks }: { readonly marks: readonly RunMark[] }) {
  return (
    <section class="panel" aria-labelledby="happened">
      <h2 id="happened">What happened</h2>
      <ol class="marks">
        {marks.map(({ step, type, time, message }) => (
          <li key={`${time} ${type} ${message}`} class={type}>
            <span class="sign" aria-hidden="true">
              {markSigns[type]}
            </span>
            <span class="number">step {countText(step)}</span>
            <span class="muted">{timeText(time)}</span>
            <span class="message">{sentence(message.replace(/\s*\n\s*/g, " "))}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
