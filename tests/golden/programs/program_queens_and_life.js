function queens(n, row = 0, cols = 0, d1 = 0, d2 = 0) {
    if (row === n) return 1;
    let count = 0;
    for (let free = ~(cols | d1 | d2) & (1 << n) - 1; free; free &= free - 1) { const bit = free & -free; count += queens(n, row + 1, cols | bit, (d1 | bit) << 1, (d2 | bit) >> 1); }
    return count;
}
function life(cells, turns) {
    for (let t = 0; t < turns; t++) {
        const counts = new Map();
        for (const cell of cells) { const [x, y] = cell.split(',').map(Number); for (let dx = -1; dx <= 1; dx++) for (let dy = -1; dy <= 1; dy++) if (dx || dy) { const k = `${x + dx},${y + dy}`; counts.set(k, (counts.get(k) ?? 0) + 1); } }
        cells = new Set([...counts].filter(([k, n]) => n === 3 || n === 2 && cells.has(k)).map(([k]) => k));
    }
    return [...cells].sort();
}
function main() { return [queens(7), life(new Set(['1,0', '2,1', '0,2', '1,2', '2,2']), 12)]; }
