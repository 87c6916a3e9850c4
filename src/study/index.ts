// Studies: several encoders, seeds and evaluations, carried out one after the other, and their report.
export { finishedJobs } from "./job-folders.js";
export { jobsOf } from "./jobs.js";
export { type PackSummary, packStudy } from "./pack.js";
export { readStudy, type Study, type StudyRecipe } from "./recipe.js";
export { type ReportFiles, writeStudyReport } from "./report.js";
export { runStudy, type StudyOptions, type StudySummary } from "./run-study.js";
