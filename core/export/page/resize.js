// The square that the model takes, with the numbers of Pillow's `resize(..., BILINEAR)`, which the app uses: a triangle
// filter as wide as the reduction, columns first, in fixed point with 22 bits, rounded to whole levels after each pass.
// A canvas' own scaling differs from browser to browser.

const BITS = 22;
const STRIP = 256; // rows of the image that are read at once: a canvas as large as a phone's photo is refused by some

/* For each of `size` places on `side` pixels in the middle of an axis of `length`: the first pixel that counts and the
   weights from there on. As in Pillow's `box`, pixels beyond these count too. */
function weightsOf(length, side, size) {
  const scale = side / size, support = Math.max(scale, 1), narrow = 1 / support, from = length - side >> 1;
  return Array.from({length: size}, (_, place) => {
    const centre = from + (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(length, Math.trunc(centre + support + 0.5));
    const weights = Array.from({length: end - first}, (_, at) =>
      Math.max(0, 1 - Math.abs((at + first - centre + 0.5) * narrow)));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return {first, weights: Int32Array.from(weights, (weight) => Math.floor(0.5 + weight / total * 2 ** BITS))};
  });
}

/* Float32Array of size * size * 3, RGB, 0..255, of an ImageBitmap or a video of that width and height: of all of it, or
   with the crop "center" of the largest centred square. */
function toSquare(source, width, height, {size, crop}) {
  const least = Math.min(width, height), [across, down] = crop === 'center' ? [least, least] : [width, height];
  const narrow = squeezeColumns(source, width, height, weightsOf(width, across, size));
  return squeezeRows(narrow, weightsOf(height, down, size));
}

/* Uint8Array of height * size * 3: each row squeezed, what is transparent laid on white. */
function squeezeColumns(source, width, height, columns) {
  const size = columns.length, narrow = new Uint8Array(height * size * 3);
  const canvas = new OffscreenCanvas(width, Math.min(STRIP, height));
  const context = canvas.getContext('2d', {alpha: false, willReadFrequently: true});
  context.fillStyle = '#fff';
  for (let top = 0; top < height; top += STRIP) {
    const rows = Math.min(STRIP, height - top);
    context.fillRect(0, 0, width, rows);
    context.drawImage(source, 0, top, width, rows, 0, 0, width, rows);
    const {data} = context.getImageData(0, 0, width, rows);
    let to = top * size * 3;
    for (let row = 0; row < rows; row += 1) {
      for (const {first, weights} of columns) {
        let red = 1 << BITS - 1, green = red, blue = red;
        for (let at = 0, from = 4 * (row * width + first); at < weights.length; at += 1, from += 4) {
          const weight = weights[at];
          red += data[from] * weight;
          green += data[from + 1] * weight;
          blue += data[from + 2] * weight;
        }
        narrow[to] = red >> BITS;
        narrow[to + 1] = green >> BITS;
        narrow[to + 2] = blue >> BITS;
        to += 3;
      }
    }
  }
  return narrow;
}

function squeezeRows(narrow, rows) {
  const size = rows.length, square = new Float32Array(size * size * 3), stride = size * 3;
  rows.forEach(({first, weights}, row) => {
    for (let column = 0; column < stride; column += 1) {
      let sum = 1 << BITS - 1;
      for (let at = 0, from = first * stride + column; at < weights.length; at += 1, from += stride) {
        sum += narrow[from] * weights[at];
      }
      square[row * stride + column] = sum >> BITS;
    }
  });
  return square;
}
