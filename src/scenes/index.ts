// Sets of scenes that are composed of cut-outs, with exact masks and boxes.
export { type ComposeHooks, type ComposeRequest, type ComposeSummary, composeScenes } from "./compose.js";
export type { SceneOptions } from "./compose-scene.js";
export type { CutoutRequest, SceneSplit } from "./cutouts.js";
