// Numbers, typed arrays, objects and strings, as often as the input says.
function step(i, hash, table, ratios) {
    const point = { x: i & 255, y: hash & 255 };
    for (let j = 0; j < 64; j++) {
        hash = Math.imul(hash ^ (point.x + j), 16777619) & 0x3fffffff;
        table[hash & 255] += j;
        ratios[j] += (point.y + j) / (point.x + 1);
    }
    const text = 'item-' + i;
    return (hash + text.charCodeAt(text.length - 1) + table[i & 255]) & 0x3fffffff;
}

function main(input) {
    const table = new Uint32Array(256);
    const ratios = new Float64Array(64);
    let hash = 218652093;
    for (let i = 0; i < input.rounds; i++) {
        hash = step(i, hash, table, ratios);
    }
    return { hash, ratio: Math.round(ratios.reduce((sum, ratio) => sum + ratio, 0)) };
}
