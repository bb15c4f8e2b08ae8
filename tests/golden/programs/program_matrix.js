/* A hash over the bits of numbers: equal only when every bit is. */
const words = new Uint32Array(2), number = new Float64Array(words.buffer);
let hash = 2166136261;
function mix(value) {
    number[0] = value;
    for (const word of words) {
        hash = Math.imul(hash ^ (word & 0xffff), 16777619);
        hash = Math.imul(hash ^ (word >>> 16), 16777619);
    }
}
function main() {
    const size = 24, make = (f) => Array.from({ length: size }, (_, i) => Float64Array.from({ length: size }, (_, j) => f(i, j)));
    const a = make((i, j) => 1 / (i + j + 1)), b = make((i, j) => Math.sin(i * j));
    const c = make((i, j) => { let s = 0; for (let k = 0; k < size; k++) s += a[i][k] * b[k][j]; return s; });
    for (const row of c) for (const value of row) mix(value);
    return [hash >>> 0, c[3][5], c.map((row, i) => row[i]).reduce((x, y) => x + y)];
}
