// The one place that loads ONNX Runtime: nothing else may, or the library would send telemetry.
import "./telemetry-off.js";

export { InferenceSession, Tensor } from "onnxruntime-node";
