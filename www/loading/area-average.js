/**
 * A square of any size, averaged into a few pixels along a side: each takes from every pixel that it
 * covers as much as it covers of it. The exact average has neither the aliasing of a browser's one
 * large reduction nor the bleeding in from beside a part that is drawn smaller.
 */

/**
 * The pixels that the output pixels along one side cover.
 * @param {number} size Pixels along the square's side. @param {number} side Output pixels along it.
 * @returns {{ first: number, last: number, from: number, to: number }[]} For each: the first and last pixel, and where it begins and ends.
 */
function coverage(size, side) {
  return Array.from({ length: side }, (_, i) => {
    const from = (i * size) / side;
    const to = ((i + 1) * size) / side;
    return { first: Math.floor(from), last: Math.max(Math.floor(from), Math.ceil(to) - 1), from, to };
  });
}

/**
 * Takes a square's rows from the top down, any number at a time.
 * @param {number} size Pixels along the square's side.
 * @param {number} side Pixels along the average's side.
 */
export function createAreaAverage(size, side) {
  const spans = coverage(size, side);
  const plane = side * side;
  const sums = new Float64Array(3 * plane);
  const row = new Float64Array(3 * side);
  /** The next row to come. */
  let y = 0;

  /** Sums a row within each output pixel's span. @param {Uint8ClampedArray} rgba @param {number} start */
  function sumAcross(rgba, start) {
    for (let i = 0; i < side; i += 1) {
      const { first, last, from, to } = spans[i];
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let x = first, at = start + 4 * first; x <= last; x += 1, at += 4) {
        // Whole but for the two at the ends.
        const share = x === first || x === last ? Math.min(to, x + 1) - Math.max(from, x) : 1;
        red += share * rgba[at];
        green += share * rgba[at + 1];
        blue += share * rgba[at + 2];
      }
      row[i] = red;
      row[side + i] = green;
      row[2 * side + i] = blue;
    }
  }

  /** Adds the summed row to the output rows that it lies in: one, or more where a picture is enlarged. */
  function addDown() {
    const lastLine = Math.min(side - 1, Math.ceil(((y + 1) * side) / size) - 1);
    for (let line = Math.floor((y * side) / size); line <= lastLine; line += 1) {
      const share = Math.min(spans[line].to, y + 1) - Math.max(spans[line].from, y);
      if (share <= 0) continue; // The two divisions may round apart.
      for (let channel = 0; channel < 3; channel += 1) {
        for (let i = 0; i < side; i += 1) sums[channel * plane + line * side + i] += share * row[channel * side + i];
      }
    }
  }

  return {
    /** @param {Uint8ClampedArray} rgba The next rows, whole. */
    add(rgba) {
      for (let start = 0; start < rgba.length; start += 4 * size, y += 1) {
        sumAcross(rgba, start);
        addDown();
      }
    },
    /** @returns {Uint8Array} Red, green and blue planes. */
    planes() {
      const area = (size / side) ** 2;
      return Uint8Array.from(sums, (sum) => Math.round(sum / area));
    },
  };
}
