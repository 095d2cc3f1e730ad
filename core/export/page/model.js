// The model on ONNX Runtime Web, in this page and without a network; and the proof that this browser runs it as Pawlab.

const TOLERANCE = 1e-4; // between two probabilities: what Pawlab asks of every export
const FEATURES = 1280; // of the base

/* `about` is the page's data, which Python writes. `say` is told what happens. */
async function openModel(about, say) {
  say('Starting ONNX Runtime …');
  const script = new Blob([await unpack('runtime')], {type: 'text/javascript'});
  const address = URL.createObjectURL(script);
  const ort = await import(address);
  URL.revokeObjectURL(address);
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = (await unpack('wasm')).buffer;
  say('Loading the model …');
  const open = async (id) => ort.InferenceSession.create(await unpack(id));
  const model = new Model(about, ort, await open('model'));
  if (about.neighbours) {
    model.neighbours = new Neighbours(await unpack('neighbours'), FEATURES, about.neighbours.nearest);
    if (document.getElementById('base')) model.base = await open('base');
  }
  say('Checking the model in this browser …');
  await model.check();
  return model;
}

class Model {
  constructor(about, ort, session) {
    this.about = about;
    this.ort = ort;
    this.session = session;
  }

  /* The probability of each class, in the order of the classes, and the distance to the training images, or null, of
     an image or a frame of a video. */
  async predict(source, width, height) {
    const {size, classes} = this.about;
    const square = toSquare(source, width, height, this.about);
    const image = new this.ort.Tensor('float32', square, [1, size, size, 3]);
    const wanted = this.neighbours && !this.base ? ['probabilities', 'feature_map'] : ['probabilities'];
    const outputs = await this.session.run({image}, wanted);
    if (this.base) Object.assign(outputs, await this.base.run({image}, ['feature_map']));
    const row = Array.from(outputs.probabilities.data);
    return {
      row: classes.length === 2 ? [1 - row[0], row[0]] : row,
      distance: this.neighbours ? this.neighbours.distance(averaged(outputs.feature_map.data, FEATURES)) : null,
    };
  }

  /* A drawing takes the way of every photo; its prediction must be the one that Pawlab computed. */
  async check() {
    const {image, probabilities, distance} = this.about.check;
    const content = Uint8Array.from(atob(image), (letter) => letter.charCodeAt(0));
    const bitmap = await decode(new Blob([content], {type: 'image/png'}));
    const ours = await this.predict(bitmap, bitmap.width, bitmap.height);
    const differences = ours.row.map((value, place) => Math.abs(value - probabilities[place]));
    this.difference = Math.max(...differences, Math.abs(ours.distance - distance));
    if (!(this.difference <= TOLERANCE)) {
      throw new Refusal(`In this browser the model gives other numbers than in Pawlab: they differ by
        ${this.difference.toPrecision(2)}. The reason may be a protection against fingerprinting, which changes what a
        page reads from images: allow this page to read canvas data, or use another browser.`);
    }
  }
}

/* What is shown to the user as it is. */
class Refusal extends Error {}

/* Upright pixels as the file has them: colour profiles are ignored, as the app and Keras do. */
function decode(blob) {
  return createImageBitmap(blob, {
    imageOrientation: 'from-image', colorSpaceConversion: 'none', premultiplyAlpha: 'none',
  });
}
