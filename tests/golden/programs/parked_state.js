async function main(input) {
    const kept = { map: new Map([['k', [1, 2, 3]]]), bytes: new Uint8Array(1000).fill(5), closure: ((n) => () => ++n)(input.n), text: input.text.repeat(50) };
    const seen = [];
    for (let i = 0; i < 10; i++) { await new Promise((r) => setTimeout(r, i)); kept.map.set(i, kept.closure()); seen.push(Math.random() < 2, kept.bytes[i] += i); }
    return [seen, [...kept.map], kept.text.length, Date.now(), gas.used() > 0];
}
