function main() {
    const out = [];
    for (const value of [0, -1, 2147483647, 2147483648, -2147483649, 4294967295, 4294967296, 1e20, NaN, Infinity, 0.9]) {
        out.push([value | 0, value >>> 0, value >> 3, value << 5, ~value, value & 255, value ^ 21845,
            Number.isInteger(value), Number.isSafeInteger(value)]);
    }
    return out;
}
