// Gives tensors their methods: in a file of its own, since the compiler would else leave `Tensor` out of their declarations.
import { Tensor } from "./tensor.js";
import { methods, type TensorMethods } from "./tensor-methods.js";

declare module "./tensor.js" {
  interface Tensor extends TensorMethods {}
}

Object.assign(Tensor.prototype, methods);
