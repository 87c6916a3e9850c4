// A study: every evaluation with all its scores, their means and deviations, and how far each encoder is above the baseline.

import { useEffect, useState } from "preact/hooks";
import type { StudyDetail, StudyEvaluation, StudyPretraining, StudyRow } from "../api.js";
import { addressOf } from "./routes.js";
import { ScaleRow, ScoreStrip, scaleOf } from "./score-strip.js";
import type { Source } from "./source.js";
import { countText, durationText, methodName, sentence } from "./words.js";

interface StudyPageProps {
  readonly source: Source;
  readonly id: string;
  readonly row: StudyRow | undefined;
}

export function StudyPage({ source, id, row }: StudyPageProps) {
  const [detail, setDetail] = useState<StudyDetail>();
  const [problem, setProblem] = useState("");
  useEffect(() => {
    source.study(id).then(setDetail, (error: Error) => setProblem(error.message));
  }, [source, id, row?.finished]);
  if (row === undefined) {
    return (
      <main>
        <p class="empty">There is no such study, or no longer. It may have been moved or deleted.</p>
      </main>
    );
  }
  const { title, name, finished, total } = row;
  return (
    <main>
      <p class="back">
        <a href={addressOf({ page: "studies" })}>← All studies</a>
      </p>
      <h1>{title}</h1>
      <p class="muted">
        {name}.{" "}
        {finished < total
          ? `${countText(finished)} of ${countText(total)} jobs are finished.`
          : `All ${total} jobs are finished.`}
      </p>
      {detail === undefined && <p class="empty">{problem || row.problem || "Reading the study …"}</p>}
      {detail !== undefined && (
        <>
          {paragraphs(detail.about).map((text) => (
            <p class="about" key={text}>
              {text}
            </p>
          ))}
          {detail.evaluations.length === 0 && <p class="empty">No evaluation is finished yet.</p>}
          {detail.evaluations.map((evaluation) => (
            <Evaluation key={evaluation.name} evaluation={evaluation} baseline={detail.baseline} />
          ))}
          {detail.pretrainings.length > 0 && <Pretrainings rows={detail.pretrainings} />}
        </>
      )}
    </main>
  );
}

/** Its Markdown as plain words. */
export function paragraphs(markdown: string): string[] {
  return markdown
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[*_`#]+/g, "")
    .split(/\n\s*\n/)
    .map((text) => text.replace(/\s+/g, " ").trim())
    .filter((text) => text !== "");
}

interface EvaluationProps {
  readonly evaluation: StudyEvaluation;
  readonly baseline: string;
}

function Evaluation({ evaluation, baseline }: EvaluationProps) {
  const { name, fractions, variants, measure, unit, testImages, chance, digits } = evaluation;
  const [fraction, setFraction] = useState(fractions.at(-1)!);
  const label = `evaluation-${name}`;
  const cells = variants.flatMap((variant) => {
    const cell = variant.cells.find((each) => each.fraction === fraction);
    return cell?.estimate ? [{ variant: variant.name, cell }] : [];
  });
  const scale = scaleOf(cells.flatMap(({ cell }) => cell.dots.map(({ value }) => value)));
  const level = cells.find(({ variant }) => variant === baseline)?.cell.estimate?.mean;
  const seeds = Math.max(...variants.flatMap(({ cells }) => cells.map(({ dots }) => dots.length)));
  return (
    <section class="panel" aria-labelledby={label}>
      <div class="panel-head">
        <h2 id={label}>{name}</h2>
        {fractions.length > 1 && (
          <fieldset class="choice">
            <legend>Share of the labels</legend>
            {fractions.map((each) => (
              <label key={each} class={each === fraction ? "chosen" : ""}>
                <input type="radio" name={label} checked={each === fraction} onChange={() => setFraction(each)} />
                {Number((100 * each).toPrecision(3))}%
              </label>
            ))}
          </fieldset>
        )}
      </div>
      <p class="meaning">
        {sentence(measure)} on {countText(testImages)} test images{unit === "" ? "" : `, ${unit}`}. Each dot is one run;
        the bar is the mean, the shade its deviation over {seeds} {seeds === 1 ? "seed" : "seeds"}.
        {seeds > 1 && " ● marks differences whose 95% interval, paired by seed, leaves zero out."}
        {chance !== null && ` Guessing gives ${chance.toFixed(digits)}.`}
      </p>
      <div class="scroll">
        <table class="scores strips">
          <thead>
            <tr>
              <th scope="col">encoder</th>
              <th scope="col">
                <span class="hidden">scores</span>
              </th>
              <th scope="col" class="number">
                mean ± deviation
              </th>
              <th scope="col" class="number" title="Paired by seed, with the 95% confidence interval of the mean">
                above {baseline}
              </th>
            </tr>
          </thead>
          <tbody>
            {cells.map(({ variant, cell }) => (
              <tr key={variant} class={variant === baseline ? "is-baseline" : ""}>
                <th scope="row">{variant}</th>
                <td>
                  <ScoreStrip variant={variant} cell={cell} scale={scale} digits={digits} level={level} />
                </td>
                <td class="number">
                  {cell.estimate!.mean.toFixed(digits)}
                  {cell.estimate!.deviation !== null && (
                    <span class="muted"> ± {cell.estimate!.deviation.toFixed(digits)}</span>
                  )}
                </td>
                <td class="number">
                  {variant === baseline ? "baseline" : <Difference cell={cell.difference} digits={digits} />}
                </td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <td />
              <td>
                <ScaleRow scale={scale} digits={digits} />
              </td>
              <td colSpan={2} />
            </tr>
          </tfoot>
        </table>
      </div>
    </section>
  );
}

interface DifferenceProps {
  readonly cell: StudyEvaluation["variants"][number]["cells"][number]["difference"];
  readonly digits: number;
}

/** Whether the interval leaves zero out is said in words; three seeds are the least that says anything. */
function Difference({ cell, digits }: DifferenceProps) {
  if (cell === null) return <span class="muted">–</span>;
  const { mean, margin, count } = cell;
  const isClear = margin !== null && count >= 3 && Math.abs(mean) > margin;
  const words = isClear
    ? "the interval leaves zero out"
    : count < 3
      ? "too few seeds for a claim"
      : "open: the interval holds zero";
  return (
    <span class={isClear ? "clear" : "open"} title={words}>
      {mean < 0 ? "−" : "+"}
      {Math.abs(mean).toFixed(digits)}
      {margin !== null && <span class="muted"> ± {margin.toFixed(digits)}</span>}
      <span class="hidden">, {words}</span>
      <span aria-hidden="true">{isClear ? " ●" : " ○"}</span>
    </span>
  );
}

function Pretrainings({ rows }: { readonly rows: readonly StudyPretraining[] }) {
  return (
    <section class="panel" aria-labelledby="pretrainings">
      <h2 id="pretrainings">Pre-trainings</h2>
      <div class="scroll">
        <table class="scores">
          <thead>
            <tr>
              <th scope="col">encoder</th>
              <th scope="col">seed</th>
              <th scope="col">method</th>
              <th scope="col" class="number">
                clean images
              </th>
              <th scope="col" class="number">
                time
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ variant, seed, method, images, seconds, run }) => (
              <tr key={`${variant} ${seed}`}>
                <th scope="row">
                  {run === null ? variant : <a href={addressOf({ page: "run", id: run })}>{variant}</a>}
                </th>
                <td>{seed}</td>
                <td>{methodName(method)}</td>
                <td class="number">{countText(images)}</td>
                <td class="number">{durationText(seconds)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
