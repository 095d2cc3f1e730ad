// The model on ONNX Runtime Web, in this page and without a network; and the proof that this browser runs it as Pawlab.

const TOLERANCE = 1e-4; // between two probabilities: what Pawlab asks of every export

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
  const session = await ort.InferenceSession.create(await unpack('model'));
  const model = new Model(about, ort, session);
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

  /* The probability of each class, in the order of the classes, for an image or a frame of a video. */
  async predict(source, width, height) {
    const {size, classes} = this.about;
    const image = new this.ort.Tensor('float32', toSquare(source, width, height, size), [1, size, size, 3]);
    const {probabilities} = await this.session.run({image}, ['probabilities']);
    const row = Array.from(probabilities.data);
    return classes.length === 2 ? [1 - row[0], row[0]] : row;
  }

  /* A drawing takes the way of every photo; its probabilities must be those that Pawlab computed. */
  async check() {
    const {image, probabilities} = this.about.check;
    const content = Uint8Array.from(atob(image), (letter) => letter.charCodeAt(0));
    const bitmap = await decode(new Blob([content], {type: 'image/png'}));
    const row = await this.predict(bitmap, bitmap.width, bitmap.height);
    this.difference = Math.max(...row.map((value, place) => Math.abs(value - probabilities[place])));
    if (!(this.difference <= TOLERANCE)) {
      throw new Refusal(`This browser computes other predictions than Pawlab: a probability differs by
        ${this.difference.toPrecision(2)}. A protection against fingerprinting changes what a page reads from images:
        allow this page to read canvas data, or use another browser.`);
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
