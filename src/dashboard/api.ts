// What the server of the dashboard tells its page: the shapes of its JSON, shared by both.

export type * from "./api/embeddings.js";
export type * from "./api/exploration.js";
export type * from "./api/overview.js";
export type * from "./api/runs.js";
export type * from "./api/studies.js";
