function main() {
    let seed = 12345;
    const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0);
    const numbers = Array.from({ length: 2000 }, () => random() % 1000);
    const rows = numbers.slice(0, 500).map((key, index) => ({ key: key % 7, index }));
    rows.sort((a, b) => a.key - b.key);
    const isStable = rows.every((row, i) => i === 0 || rows[i - 1].key < row.key || rows[i - 1].index < row.index);
    let compared = 0;
    const sorted = [...numbers].sort((a, b) => { compared++; return a - b; });
    const hash = sorted.reduce((h, v) => Math.imul(h, 31) + v | 0, 7);
    return [isStable, compared, hash, [10, 9, 1, undefined, , 'b', 'a', null].sort(), ['é', 'e', 'z', 'Z', 'ß'].sort(), new Float64Array([3, -0, 0, NaN, -1]).sort(),
        [3, 1, 2].sort(() => 0), [1, 2, 3].sort(() => -1)].map((v) => ArrayBuffer.isView(v) ? [...v].map(String) : v);
}
