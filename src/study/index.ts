// Studies: several encoders, seeds and evaluations, run one after the other, and their report.
export { jobsOf } from "./jobs.js";
export { type PackSummary, packStudy } from "./pack.js";
export { readPackedResults } from "./packed-results.js";
export { readStudy, type Study, type StudyRecipe } from "./recipe.js";
export { type ReportFiles, writeStudyReport } from "./report.js";
export { finishedRecords } from "./results.js";
export { runStudy, type StudyOptions, type StudySummary } from "./run-study.js";
