// One embedding: its images as a map, those that are like one of them, and near-duplicates.

import { useEffect, useMemo, useState } from "preact/hooks";
import type { EmbeddingMap, EmbeddingRow } from "../../api.js";
import type { Connection } from "../connection.js";
import { GivenImages } from "../explore/given-images.js";
import { addressOf, replaceRoute } from "../routes.js";
import { useAnswer } from "../use-answer.js";
import { countText } from "../words.js";
import { ClassLegend } from "./class-legend.js";
import { DuplicateImages } from "./duplicate-images.js";
import { type EmbeddingSource, embeddingSource } from "./embedding-source.js";
import { MapCanvas } from "./map-canvas.js";
import { SimilarImages, type Sought } from "./similar-images.js";
import { Thumbnails } from "./thumbnails.js";
import { type LayoutKind, useLayout } from "./use-layout.js";

interface EmbeddingPageProps {
  readonly connection: Connection;
  readonly id: string;
  /** The image that is looked at. */
  readonly selected: number | undefined;
  readonly row: EmbeddingRow | undefined;
  readonly theme: string;
}

export function EmbeddingPage({ connection, id, selected, row, theme }: EmbeddingPageProps) {
  const source = useMemo(() => embeddingSource(connection, id), [connection, id]);
  const { found: map, problem } = useAnswer(() => source.map(), [source]);
  return (
    <main>
      <p class="back">
        <a href={addressOf({ page: "embeddings" })}>← Embeddings</a>
      </p>
      {map === undefined || row === undefined ? (
        <p class="empty">{problem || row?.problem || "Reading the vectors …"}</p>
      ) : map.rows.length === 0 ? (
        <p class="empty">None of its images could be read when they were embedded.</p>
      ) : (
        <Mapped source={source} map={map} row={row} selected={selected} theme={theme} />
      )}
    </main>
  );
}

interface MappedProps {
  readonly source: EmbeddingSource;
  readonly map: EmbeddingMap;
  readonly row: EmbeddingRow;
  readonly selected: number | undefined;
  readonly theme: string;
}

function Mapped({ source, map, row, selected, theme }: MappedProps) {
  const thumbnails = useMemo(() => new Thumbnails(source.thumbnails), [source]);
  const [kind, setKind] = useState<LayoutKind>(map.epochs > 0 ? "neighbours" : "components");
  const [isolated, setIsolated] = useState<number | undefined>(undefined);
  const [given, setGiven] = useState<File | undefined>(undefined);
  const [looked, setLooked] = useState<number | undefined>(undefined);
  const layout = useLayout(source, map, kind);
  const problem = useThumbnailProblem(thumbnails);
  const places = useMemo(() => new Map(map.rows.map((each, place) => [each, place])), [map]);

  const sought = given ?? soughtIn(map, places, selected);
  const ask =
    given !== undefined
      ? () => source.similarToFile(given)
      : selected === undefined
        ? undefined
        : () => source.similarTo(selected);
  const similar = useAnswer(ask, [source, given, selected]);
  const state = useMemo(() => {
    const marked = (ask && similar.found ? similar.found : []).map((each) => places.get(each.row));
    return {
      selected: given === undefined && selected !== undefined ? places.get(selected) : undefined,
      marked: new Set(marked.filter((place) => place !== undefined)),
      isolated,
    };
  }, [places, given, selected, similar.found, isolated]);

  const select = (each: number) => {
    setGiven(undefined);
    replaceRoute({ page: "embedding", id: row.id, row: each });
  };
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{row.name}</h1>
          <p class="muted">
            {countText(row.images)} images of {row.source.join(", ")}, by {row.origin}
          </p>
        </div>
        <div class="page-tools">
          <LayoutChoice map={map} kind={kind} onChoose={setKind} />
          <GivenImages
            given={given === undefined ? [] : [given]}
            most={1}
            ownLabel="Find an own image …"
            backLabel="Forget it"
            onGive={([file]) => setGiven(file)}
          />
        </div>
      </div>
      <div class="embedding">
        <section class="panel map-panel" aria-label="Map of the images">
          <MapCanvas
            map={map}
            places={layout.places}
            thumbnails={thumbnails}
            state={state}
            theme={theme}
            label={`Map of ${map.rows.length} images. Arrow keys go from image to image, Enter finds similar ones, plus and minus zoom, 0 shows all.`}
            onSelect={(place) => select(map.rows[place]!)}
            onLook={setLooked}
          />
          <p class="said" role="status">
            {looked === undefined ? saidOf(map, row, kind, layout.done) : nameOf(map, looked)}
          </p>
          {layout.problem !== "" && <p class="callout bad">{layout.problem}</p>}
          {problem !== "" && <p class="callout warning">There are no pictures: {problem}</p>}
          {map.classes !== null && <ClassLegend classes={map.classes} isolated={isolated} onIsolate={setIsolated} />}
        </section>
        <div class="beside-map">
          <SimilarImages source={source} thumbnails={thumbnails} sought={sought} answer={similar} onSelect={select} />
          <DuplicateImages source={source} thumbnails={thumbnails} selected={selected} onSelect={select} />
        </div>
      </div>
    </>
  );
}

interface LayoutChoiceProps {
  readonly map: EmbeddingMap;
  readonly kind: LayoutKind;
  readonly onChoose: (kind: LayoutKind) => void;
}

function LayoutChoice({ map, kind, onChoose }: LayoutChoiceProps) {
  const choices: readonly (readonly [LayoutKind, string, string])[] = [
    [
      "neighbours",
      "UMAP",
      "Images that are near each other in the encoder's features stay near; distances between groups mean little.",
    ],
    ["components", "PCA", "The two directions in which the features differ most; distances are as they are."],
  ];
  return (
    <fieldset class="segments">
      <legend class="hidden">Arranged by</legend>
      {choices.map(([each, name, title]) => (
        <button
          key={each}
          type="button"
          title={title}
          aria-pressed={each === kind}
          disabled={each === "neighbours" && map.epochs === 0}
          onClick={() => onChoose(each)}
        >
          {name}
        </button>
      ))}
    </fieldset>
  );
}

function useThumbnailProblem(thumbnails: Thumbnails): string {
  const [problem, setProblem] = useState("");
  useEffect(() => thumbnails.listen(() => setProblem(thumbnails.problem)), [thumbnails]);
  return problem;
}

/** The image of a row; also one that a large embedding's map leaves out. */
function soughtIn(map: EmbeddingMap, places: ReadonlyMap<number, number>, row: number | undefined): Sought | undefined {
  if (row === undefined) return undefined;
  const place = places.get(row);
  if (place === undefined) return { row, name: `Image ${countText(row + 1)}`, class: null };
  return { row, name: map.names[place]!, class: classOf(map, place) };
}

function classOf(map: EmbeddingMap, place: number): string | null {
  const label = map.labels[place];
  return label === null || label === undefined ? null : (map.classes?.[label] ?? null);
}

function nameOf(map: EmbeddingMap, place: number): string {
  const own = classOf(map, place);
  return own === null ? map.names[place]! : `${map.names[place]}, ${own}`;
}

function saidOf(map: EmbeddingMap, row: EmbeddingRow, kind: LayoutKind, done: number): string {
  const some = map.rows.length < row.images ? `${countText(map.rows.length)} images, drawn at random. ` : "";
  if (done < 1) return `${some}Arranging them so that near ones stay near: ${Math.round(100 * done)}%`;
  if (kind === "neighbours") return `${some}What is near is alike; distances between groups mean little.`;
  const shares = map.explained.map((share) => `${Math.round(100 * share)}%`);
  return `${some}The two directions in which they differ most: ${shares.join(" and ")} of all variance.`;
}
