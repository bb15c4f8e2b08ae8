// Ordinary work, as often as the input says: numbers, objects, arrays, closures, strings and a map.
function step(i, hash, table, counts) {
    const points = [];
    for (let j = 0; j < 8; j++) {
        hash = Math.imul(hash ^ (i + j), 16777619) & 0x3fffffff;
        table[hash & 63] += j;
        points.push({ id: j, x: hash & 255, y: (hash >> 8) & 255 });
    }
    const total = points.filter((point) => point.x > point.y)
        .map((point) => point.x * point.x + point.y)
        .reduce((sum, value) => sum + value, 0);
    const key = 'item-' + (total & 127);
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return (hash + total + key.charCodeAt(key.length - 1) + table[i & 63]) & 0x3fffffff;
}

function main(input) {
    const table = new Array(64).fill(0);
    const counts = new Map();
    let hash = 218652093;
    for (let i = 0; i < input.rounds; i++) {
        hash = step(i, hash, table, counts);
    }
    return { hash, keys: counts.size };
}
