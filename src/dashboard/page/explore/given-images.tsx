// Images of one's own in place of the run's: chosen or dropped, and computed with where the dashboard runs.

import { useEffect, useState } from "preact/hooks";

interface GivenImagesProps {
  readonly given: readonly File[];
  /** At most so many are mixed. */
  readonly most: number;
  readonly onGive: (files: readonly File[]) => void;
  /** What is done with them, and without them again. */
  readonly ownLabel?: string;
  readonly backLabel?: string;
}

export function GivenImages({
  given,
  most,
  onGive,
  ownLabel = "Own images …",
  backLabel = "The run's images",
}: GivenImagesProps) {
  const isOver = useDropped((files) => onGive(files.slice(0, most)));
  return (
    <>
      <label
        class={`button${isOver ? " dropping" : ""}`}
        title={
          most === 1
            ? "Or drop an image file anywhere on this page."
            : `Or drop up to ${most} image files anywhere on this page.`
        }
      >
        {ownLabel}
        <input
          class="unseen"
          type="file"
          accept="image/*"
          multiple
          onChange={({ currentTarget }) => {
            onGive([...(currentTarget.files ?? [])].slice(0, most));
            // The same files can be chosen again.
            currentTarget.value = "";
          }}
        />
      </label>
      {given.length > 0 && (
        <button type="button" onClick={() => onGive([])}>
          {backLabel}
        </button>
      )}
    </>
  );
}

/** Calls back with files that are dropped anywhere; whether some are held over the page. */
function useDropped(onDrop: (files: File[]) => void): boolean {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      setOver(false);
      onDrop(files);
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, [onDrop]);
  return isOver;
}
