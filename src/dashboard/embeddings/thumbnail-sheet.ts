// How small pictures stand in their file: known to the server, which makes it, and to the page, which cuts it up.

/** Pixels; images are cropped to squares. */
export const THUMBNAIL_SIDE = 64;
export const THUMBNAILS_ACROSS = 8;
/** In one file. */
export const MOST_THUMBNAILS = 64;
