// The map on the page: moved by dragging, closer by the wheel or two fingers, and all of it by keys as well.

import { useEffect, useRef } from "preact/hooks";
import type { EmbeddingMap } from "../../api.js";
import { MapScene, type SceneState } from "./map-scene.js";
import type { MapPlaces } from "./map-view.js";
import type { Thumbnails } from "./thumbnails.js";

interface MapCanvasProps {
  readonly map: EmbeddingMap;
  readonly places: MapPlaces;
  readonly thumbnails: Thumbnails;
  readonly state: SceneState;
  readonly theme: string;
  readonly label: string;
  readonly onSelect: (image: number) => void;
  /** With the image that is looked at. */
  readonly onLook: (image: number | undefined) => void;
}

const STEP = 1.5;
/** A press that moves less is a click. */
const CLICK_PIXELS = 4;

const directions: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function MapCanvas({ map, places, thumbnails, state, theme, label, onSelect, onLook }: MapCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const surface = useRef<HTMLDivElement>(null);
  const scene = useRef<MapScene | null>(null);
  const pointers = useRef(new Map<number, readonly [number, number]>());
  const travelled = useRef(0);

  useEffect(() => {
    const opened = new MapScene(canvas.current!, map, places, thumbnails);
    scene.current = opened;
    const observer = new ResizeObserver(([entry]) => opened.resize(entry!.contentRect));
    observer.observe(canvas.current!);
    const forget = thumbnails.listen(() => opened.draw());
    // Not by preact: a listener has to say that it may keep the page from scrolling.
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      opened.zoom(Math.exp(-event.deltaY / 300), [event.offsetX, event.offsetY]);
    };
    const element = surface.current!;
    element.addEventListener("wheel", wheel, { passive: false });
    return () => {
      observer.disconnect();
      forget();
      element.removeEventListener("wheel", wheel);
      opened.close();
    };
  }, [map, thumbnails]);
  useEffect(() => scene.current?.moveTo(places), [places]);
  useEffect(() => scene.current?.recolor(), [theme]);
  useEffect(() => {
    scene.current?.show(state);
    if (state.selected !== undefined) scene.current?.reveal(state.selected);
  }, [state]);

  const look = (act: (scene: MapScene) => void) => {
    act(scene.current!);
    onLook(scene.current!.hovered);
  };

  function press(event: PointerEvent): void {
    surface.current!.setPointerCapture(event.pointerId);
    if (pointers.current.size === 0) travelled.current = 0;
    pointers.current.set(event.pointerId, [event.offsetX, event.offsetY]);
  }

  function drag(event: PointerEvent): void {
    const before = pointers.current.get(event.pointerId);
    const now = [event.offsetX, event.offsetY] as const;
    if (before === undefined) {
      look((shown) => shown.hoverAt(now));
      return;
    }
    const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
    if (other === undefined) scene.current!.pan(now[0] - before[0], now[1] - before[1]);
    else scene.current!.zoom(distance(now, other) / Math.max(1, distance(before, other)), other);
    travelled.current += distance(now, before);
    pointers.current.set(event.pointerId, now);
  }

  function release(event: PointerEvent): void {
    const wasPressed = pointers.current.delete(event.pointerId);
    if (!wasPressed || event.type === "pointercancel" || travelled.current > CLICK_PIXELS) return;
    look((shown) => shown.hoverAt([event.offsetX, event.offsetY]));
    if (scene.current!.hovered !== undefined) onSelect(scene.current!.hovered);
  }

  function key(event: KeyboardEvent): void {
    const shown = scene.current!;
    const direction = directions[event.key];
    if (direction !== undefined) {
      look(() => {
        const beside = shown.beside(direction);
        shown.hover(beside);
        if (beside !== undefined) shown.reveal(beside);
      });
    } else if (event.key === "+" || event.key === "=") shown.zoom(STEP);
    else if (event.key === "-") shown.zoom(1 / STEP);
    else if (event.key === "0") shown.showAll();
    else if ((event.key === "Enter" || event.key === " ") && shown.hovered !== undefined) onSelect(shown.hovered);
    else return;
    event.preventDefault();
  }

  return (
    <div class="map">
      <div
        ref={surface}
        class="map-surface"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: an application is what takes keys
        tabIndex={0}
        role="application"
        aria-label={label}
        onPointerDown={press}
        onPointerMove={drag}
        onPointerUp={release}
        onPointerCancel={release}
        onPointerLeave={() => look((shown) => shown.hoverAt(undefined))}
        onKeyDown={key}
      >
        <canvas ref={canvas} />
      </div>
      <div class="map-tools">
        <button type="button" aria-label="Closer" onClick={() => scene.current!.zoom(STEP)}>
          +
        </button>
        <button type="button" aria-label="Less close" onClick={() => scene.current!.zoom(1 / STEP)}>
          −
        </button>
        <button type="button" aria-label="The whole map" onClick={() => scene.current!.showAll()}>
          ⤢
        </button>
      </div>
    </div>
  );
}

function distance(a: readonly [number, number], b: readonly [number, number]): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}
