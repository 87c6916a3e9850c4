// A small classifier of your own, trained with the engine as a library: which of three spiral arms is a point on?
import { createTraining, input, linear, ParameterScope, randomStream } from "mixedae";

const [batch, classes, width, steps] = [256, 3, 64, 400];

// The model. Layers make their parameters in a scope; a layer is a function of a tensor.
const scope = new ParameterScope();
const fc1 = linear(scope.in("fc1"), 2, width);
const fc2 = linear(scope.in("fc2"), width, width);
const head = linear(scope.in("head"), width, classes);

// The program: shapes are fixed, and every line is checked when it is reached. Nothing is computed yet.
const points = input("points", [batch, 2]);
const labels = input("labels", [batch], "int32");
const logits = head(fc2(fc1(points).gelu()).gelu());
const ofLabel = logits.mul(labels.oneHot(classes)).sum([1]);
const loss = logits.logSumExp(1).sub(ofLabel).mean();
const accuracy = ofLabel
  .greaterOrEqual(logits.max([1]))
  .cast("float32")
  .mean();

// Forward pass, gradients and AdamW are compiled here; the seed draws the first values of the parameters.
const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
const { parameters } = scope;
const training = await createTraining({ name: "spirals", loss, metrics: { accuracy }, parameters, optimizer, seed: 0 });

// Each batch is a function of its step: the same numbers come out on every machine.
for (let step = 1; step <= steps; step++) {
  const stream = randomStream(0, "spirals", 0, step);
  const data = { points: new Float32Array(2 * batch), labels: new Int32Array(batch) };
  for (let i = 0; i < batch; i++) {
    const [label, radius] = [stream.integer(classes), stream.uniform()];
    const angle = 2 * Math.PI * (label / classes + 0.75 * radius) + 0.1 * stream.normal();
    data.labels[i] = label;
    data.points.set([2 * radius * Math.cos(angle), 2 * radius * Math.sin(angle)], 2 * i);
  }
  const { loss, metrics } = await training.step(data, { step, learningRate: 0.01 });
  if (step % 100 === 0) console.log(`step ${step}  loss ${loss.toFixed(3)}  accuracy ${metrics.accuracy}`);
}
