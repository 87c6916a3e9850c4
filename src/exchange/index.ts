// Weights from and for PyTorch, timm, Hugging Face and ONNX.
export { WeightsRequestError } from "./errors.js";
export { type ExportFormat, type ExportOptions, exportFormats } from "./export-formats.js";
export { type ExportReport, exportWeights } from "./export-weights.js";
export { formatImportReport, type ImportReport, type KeyReport, type KeyStatus } from "./import-report.js";
export { type ImportOptions, importWeights } from "./import-weights.js";
