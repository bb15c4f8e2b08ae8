function main() {
    const buffer = new ArrayBuffer(32), view = new DataView(buffer);
    view.setFloat64(0, Math.PI); view.setInt16(8, -2, true); view.setBigUint64(16, 2n ** 63n + 5n); view.setFloat32(24, 1 / 3, true); view.setUint8(31, 300);
    const bytes = new Uint8Array(buffer);
    const kinds = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array];
    return [[...bytes], view.getInt32(8), String(view.getBigInt64(16)), view.getFloat32(24, true), kinds.map((K) => [...K.of(-1, 255.7, 65537, NaN, 1e10)].map(String)), [...new BigInt64Array([1n, -1n, 2n ** 64n])].map(String),
        [...bytes.subarray(2, 6)], [...bytes.slice(0, 3).reverse()], bytes.indexOf(9), [...new Uint8Array([3, 1, 2]).sort()], [...Uint16Array.from([1, 2], (x) => x * 300)], new Float32Array([0.1])[0], [...new Uint8Array(4).fill(7, 1, 3)],
        buffer.slice(0, 4).byteLength, bytes.at(-1), [...new Uint8Array([1, 2, 3]).copyWithin(0, 1)], [...new Float64Array([1.5]).map((x) => x * 2)], new Uint8Array(buffer, 4, 4).byteOffset];
}
