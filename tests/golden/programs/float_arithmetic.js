const COUNT = 500, RANGE = 200;
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

function values() {
    const list = [0, -0, 1, -1, 0.5, -0.5, Infinity, -Infinity, NaN, 1e-308, 5e-324, 1.7976931348623157e308,
        Math.PI, -Math.E, 1e15, 1e16, 2 ** 53, 123456.789, -1e-10];
    let seed = 1;
    for (let i = 0; i < COUNT; i++) {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
        const exponent = (seed >>> 8) % RANGE - RANGE / 2;
        list.push((seed / 4294967296 - 0.5) * 2 ** exponent);
    }
    return list;
}

function main() {
    const list = values();
    for (let i = 1; i < list.length; i++) {
        const a = list[i], b = list[i - 1];
        for (const value of [a + b, a - b, a * b, a / b, a % b, a ** 2, -a, a * a - b * b]) {
            mix(value);
        }
    }
    return [hash >>> 0, 0.1 + 0.2, 1 / 3, 5 % -3, -5 % 3, 2 ** -1074, 0.1 * 3, 1e21 + 1, -0];
}
