/* The sign of a NaN differs between CPUs and compilers; a program must never see it. */
function main() {
    const zero = 0, infinity = Infinity;
    const made = [NaN, zero / zero, infinity - infinity, Math.sqrt(-1), -NaN, zero * infinity, Math.sin(infinity),
        Math.log(-1), infinity % 2, Math.pow(-1, 0.5), Number('x'), Math.min(NaN, 1), Math.max(1, NaN), Math.fround(NaN), parseFloat('q'),
        Math.hypot(NaN), -(zero / zero), Math.asin(2), +{}, 1 + undefined, NaN ** 0.5, (zero / zero) + 1, -(infinity % 2) * 3,
        Math.atan2(NaN, 1), Math.cbrt(zero / zero), new Date(NaN).getTime(), Math.sign(-(zero / zero)), Math.abs(-(zero / zero))];
    const doubles = new Float64Array(made), singles = new Float32Array(made), view = new DataView(new ArrayBuffer(16));
    const bits = new Set();
    made.forEach((value, index) => {
        view.setFloat64(0, value);
        view.setFloat32(8, value);
        bits.add([view.getUint32(0), view.getUint32(4), view.getUint32(8), new Uint32Array(doubles.buffer)[2 * index + 1],
            new Uint32Array(singles.buffer)[index]].map((word) => word.toString(16)).join());
    });
    /* A NaN with another sign and payload, read and written again. */
    view.setUint32(0, 0xfff80000);
    view.setUint32(4, 0x12345678);
    const other = view.getFloat64(0);
    view.setFloat64(0, other);
    return [[...bits], view.getUint32(0).toString(16), view.getUint32(4), new Float64Array(4).fill(-(zero / zero)).join(), [...new Uint8Array(Float64Array.of(other).buffer)],
        [...new Uint8Array(new Float64Array([1, 2]).map(() => zero / zero).buffer)], [...new Uint8Array(new Float64Array([zero / zero, 1]).sort().buffer)]];
}
