// How unlike the training images an image is: the cosine distance of its features to the k-th nearest of theirs.

/* The value of each of the 65,536 half-precision floats. */
function halves() {
  return Float32Array.from({length: 65536}, (_, bits) => {
    const exponent = bits >> 10 & 31, fraction = (bits & 1023) / 1024;
    const size = exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14;
    return bits >> 15 ? -size : size;
  });
}

/* Divided by its length, in place. */
function toUnit(vector) {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const length = Math.max(Math.sqrt(squares), 1e-12);
  for (let place = 0; place < vector.length; place += 1) vector[place] /= length;
  return vector;
}

/* The mean of a feature map over its places: Float32Array of places * width -> width. */
function averaged(map, width) {
  const mean = new Float32Array(width);
  for (let at = 0; at < map.length; at += 1) mean[at % width] += map[at];
  return toUnit(mean);
}

class Neighbours {
  /* `stored` has one row of `width` half-precision floats after the other; numbers are little-endian, as browsers are. */
  constructor(stored, width, nearest) {
    const table = halves();
    this.features = Float32Array.from(new Uint16Array(stored.buffer), (bits) => table[bits]);
    this.width = width;
    this.rows = this.features.length / width;
    this.place = Math.max(0, this.rows - nearest);
    for (let row = 0; row < this.rows; row += 1) toUnit(this.row(row));
  }

  row(number) { return this.features.subarray(number * this.width, (number + 1) * this.width); }

  /* 0..1, for features of length 1. */
  distance(feature) {
    const {features, width} = this, similarities = new Float32Array(this.rows);
    for (let row = 0, from = 0; row < this.rows; row += 1, from += width) {
      let sum = 0;
      for (let place = 0; place < width; place += 1) sum += feature[place] * features[from + place];
      similarities[row] = sum;
    }
    return 1 - similarities.sort()[this.place];
  }
}
