class Range {
    constructor(from, to) { this.from = from; this.to = to; }
    [Symbol.iterator]() {
        let at = this.from;
        return { next: () => at < this.to ? { value: at++, done: false } : { value: undefined, done: true },
            return() { log('returned at ' + at); return {}; } };
    }
}
function main() {
    const seen = [];
    for (const value of new Range(0, 5)) { if (value === 3) break; seen.push(value); }
    const [a, b] = new Range(10, 20);
    const entries = [...new Map([['x', 1], ['y', 2]]).entries()].flat();
    return [seen, a, b, [...new Range(1, 4)], Math.max(...new Range(3, 9)), entries, Array.from(new Range(0, 3), (v) => v * v),
        Object.fromEntries(new Map([['k', 'v']]))];
}
