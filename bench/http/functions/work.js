// Numbers, typed arrays, strings and objects, n times: what a compiler for V8 does well.
function main(input) {
    const table = new Uint32Array(256);
    let hash = 2166136261;
    let ratio = 0;
    for (let i = 0; i < input.rounds; i++) {
        const point = { x: i & 255, y: hash & 255 };
        for (let j = 0; j < 64; j++) {
            hash = Math.imul(hash ^ (point.x + j), 16777619) >>> 0;
            table[hash & 255] += j;
            ratio += (point.y + j) / (point.x + 1);
        }
        const text = 'item-' + i;
        hash = (hash + text.charCodeAt(text.length - 1) + table[i & 255]) >>> 0;
    }
    return { hash, ratio: Math.round(ratio) };
}
