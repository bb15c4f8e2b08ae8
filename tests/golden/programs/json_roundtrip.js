function main(input) {
    const value = { a: [1, -0, 1e21, 1e-7, 0.1], s: '\u0000\u001f"\\\u2028\ud800😀', n: null, t: true, nested: { deep: [[[]]], empty: {} }, 2: 'two', 1: 'one', date: new Date(0), skip: undefined, f() {} };
    const text = JSON.stringify(value);
    return [text, JSON.stringify(JSON.parse(text)) === text, JSON.stringify(value, null, 2).length, JSON.stringify(value, ['a', 'n']), JSON.stringify(value, (k, v) => typeof v === 'number' ? v + 1 : v, '\t').length,
        JSON.parse('{"a":1,"a":2,"__proto__":3}', (k, v) => typeof v === 'number' ? v * 10 : v), JSON.stringify('\ud800'), JSON.stringify({ toJSON: () => 'own' }), JSON.stringify([NaN, Infinity, () => 1, Symbol()]), JSON.stringify(input)];
}
