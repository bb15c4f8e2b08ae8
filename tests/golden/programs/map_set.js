function main() {
    const map = new Map([[NaN, 'nan'], [-0, 'zero'], ['a', 1]]), key = {};
    map.set(key, 'object').set('a', 2).delete('b');
    const set = new Set([3, 1, 3, 2, NaN, NaN]), seen = [];
    for (const value of set) { seen.push(value); if (value === 3) { set.delete(1); set.add(9); } }
    const big = new Map();
    for (let i = 0; i < 5000; i++) big.set('k' + i % 1000, i);
    let sum = 0;
    big.forEach((v) => { sum += v; });
    const weak = new WeakMap([[key, 1]]);
    return [map.get(NaN), map.get(0), map.size, [...map.values()], seen.map(String), set.size, big.size, sum, weak.get(key), weak.has({}), [...new Set('hello')].join(''),
        [...new Set([1, 2, 3]).union(new Set([3, 4]))], [...new Set([1, 2, 3]).intersection(new Set([2, 3]))], [...new Set([1, 2]).difference(new Set([2]))], new Set([1]).isSubsetOf(new Set([1, 2])), [...Map.groupBy([1, 2, 3], (v) => v % 2)].map(String)];
}
