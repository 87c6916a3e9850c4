// The map as it is at a moment: places on their way to where they belong, what is looked at, and drawing when that changes.

import type { EmbeddingMap } from "../../api.js";
import { type Palette, readPalette } from "../palette.js";
import { drawMap } from "./draw-map.js";
import {
  imageAt,
  imageBeside,
  isSeen,
  type MapPlaces,
  type MapSize,
  type MapView,
  moved,
  onScreen,
  pictured,
  showing,
  WHOLE_MAP,
  zoomedAt,
} from "./map-view.js";
import type { Thumbnails } from "./thumbnails.js";

/** What the page says of the map. */
export interface SceneState {
  readonly selected: number | undefined;
  readonly marked: ReadonlySet<number>;
  /** The only class that does not stand back. */
  readonly isolated: number | undefined;
}

/** Pixels: pictures grow as one looks closer. */
const LEAST_SIDE = 30;
const MOST_SIDE = 64;
/** Around a pointer. */
const REACH = 24;
/** How long places take to where they belong. */
const MOVE_MILLISECONDS = 350;

export class MapScene {
  readonly #canvas: HTMLCanvasElement;
  readonly #map: EmbeddingMap;
  readonly #thumbnails: Thumbnails;
  readonly #movesFast = matchMedia("(prefers-reduced-motion: reduce)").matches;
  #palette: Palette = readPalette();
  #state: SceneState = { selected: undefined, marked: new Set(), isolated: undefined };
  #view: MapView = WHOLE_MAP;
  #size: MapSize = { width: 1, height: 1 };
  #hovered: number | undefined;
  #places: MapPlaces;
  #from: MapPlaces;
  #to: MapPlaces;
  #began = 0;
  #frame = 0;

  constructor(canvas: HTMLCanvasElement, map: EmbeddingMap, places: MapPlaces, thumbnails: Thumbnails) {
    this.#canvas = canvas;
    this.#map = map;
    this.#thumbnails = thumbnails;
    this.#places = this.#from = this.#to = places;
  }

  get hovered(): number | undefined {
    return this.#hovered;
  }

  get size(): MapSize {
    return this.#size;
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
  }

  show(state: SceneState): void {
    this.#state = state;
    this.draw();
  }

  /** Colours are read from the style sheet again. */
  recolor(): void {
    this.#palette = readPalette();
    this.draw();
  }

  resize(size: MapSize): void {
    const scale = devicePixelRatio;
    this.#size = size;
    this.#canvas.width = Math.round(size.width * scale);
    this.#canvas.height = Math.round(size.height * scale);
    this.#canvas.getContext("2d")!.setTransform(scale, 0, 0, scale, 0, 0);
    this.draw();
  }

  /** Images move to other places. */
  moveTo(places: MapPlaces): void {
    if (places === this.#to) return;
    this.#from = this.#places;
    this.#to = places;
    this.#began = performance.now();
    this.draw();
  }

  zoom(factor: number, at: readonly [number, number] = [this.#size.width / 2, this.#size.height / 2]): void {
    this.#look(zoomedAt(this.#view, factor, at, this.#size));
  }

  pan(dx: number, dy: number): void {
    this.#look(moved(this.#view, dx, dy, this.#size));
  }

  showAll(): void {
    this.#look(WHOLE_MAP);
  }

  /** So that an image is seen. */
  reveal(image: number): void {
    this.#look(showing(this.#view, this.#to[2 * image]!, this.#to[2 * image + 1]!, this.#size));
  }

  /** What is under a point becomes the image that is looked at; returned where it is another one. */
  hoverAt(at: readonly [number, number] | undefined): void {
    const screen = onScreen(this.#places, this.#view, this.#size);
    this.hover(at && imageAt(screen, at, REACH, this.#isShown));
  }

  hover(image: number | undefined): void {
    if (image === this.#hovered) return;
    this.#hovered = image;
    this.draw();
  }

  /** The image beside the one that is looked at, in a direction; the one in the middle where none is. */
  beside(direction: readonly [number, number]): number | undefined {
    const from = this.#hovered ?? this.#state.selected;
    if (from !== undefined) return imageBeside(this.#to, from, direction, this.#isShown) ?? from;
    const { width, height } = this.#size;
    const screen = onScreen(this.#to, this.#view, this.#size);
    return imageAt(screen, [width / 2, height / 2], width + height, this.#isShown);
  }

  /** At the next frame. */
  draw(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame((now) => this.#drawNow(now));
  }

  readonly #isShown = (image: number): boolean => {
    const { isolated } = this.#state;
    return isolated === undefined || this.#map.labels[image] === isolated;
  };

  #look(view: MapView): void {
    this.#view = view;
    this.draw();
  }

  #drawNow(now: number): void {
    const isMoving = this.#advance(now);
    const screen = onScreen(this.#places, this.#view, this.#size);
    const side = Math.min(MOST_SIDE, LEAST_SIDE + 7 * Math.log2(this.#view.zoom));
    const withPicture = pictured(screen, side + 3, this.#isShown);
    const { selected, marked } = this.#state;
    const seen = withPicture.filter((image) => isSeen(screen, image, side, this.#size));
    const first = [this.#hovered, selected].filter((image) => image !== undefined);
    this.#thumbnails.showOnMap([...first, ...seen].map((image) => this.#map.rows[image]!));
    drawMap(
      this.#canvas.getContext("2d")!,
      {
        ...{ screen, side, marked, selected, pictured: withPicture, hovered: this.#hovered },
        ...{ labels: this.#map.labels, names: this.#map.names, isShown: this.#isShown },
        thumbnailOf: (image) => this.#thumbnails.get(this.#map.rows[image]!),
      },
      this.#size,
      this.#palette,
    );
    if (isMoving) this.draw();
  }

  /** Whether images are still on their way. */
  #advance(now: number): boolean {
    const done = this.#movesFast ? 1 : Math.min(1, Math.max(0, (now - this.#began) / MOVE_MILLISECONDS));
    if (done === 1) this.#places = this.#to;
    else this.#places = this.#to.map((value, place) => this.#from[place]! + done * (value - this.#from[place]!));
    return done < 1;
  }
}
